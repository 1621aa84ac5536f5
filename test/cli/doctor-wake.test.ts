/** `doctor --wake`: what works of the clients of a home, shown by doing it, with clients that are not real and a server that is. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClientWorld } from '../helpers/client-world.js';
import { SERVER } from '../helpers/server-sandbox.js';
import { Desk, type Ran } from './desk.js';

let world: ClientWorld;
let desk: Desk;
beforeEach(() => {
  world = new ClientWorld();
  desk = new Desk();
  vi.spyOn(os, 'homedir').mockReturnValue(world.home);
  vi.spyOn(process, 'cwd').mockReturnValue(world.cwd);
});
afterEach(() => {
  vi.restoreAllMocks();
  desk.world.close();
  world.dispose();
});

const doctor = (...argv: string[]): Promise<Ran> => desk.run(['doctor', '--wake', ...argv], { env: world.machine.env });
const launch = { command: 'node', args: [SERVER] };

interface Check {
  readonly what: string;
  readonly state: string;
  readonly said: string;
}

/** The checks of the only client. */
function checksOf({ json }: Ran): { [what: string]: string } {
  const { clients } = json as { clients: { checks: Check[] }[] };
  expect(clients).toHaveLength(1);
  return Object.fromEntries(clients[0]?.checks.map(({ what, state, said }) => [what, `${state}: ${said}`]) ?? []);
}

describe('a client that init has set up', () => {
  it.each(['claude-code', 'codex', 'gemini-cli'] as const)(
    '%s says its version, starts its server and has its hooks answered, and nothing changes',
    async (id) => {
      const program = { 'claude-code': 'claude', codex: 'codex', 'gemini-cli': 'gemini' }[id] as 'claude';
      world.install(program);
      await world.init(id, { launch, env: { MCP_DISPATCH_DIR: path.join(world.home, 'my relay') } });
      // Of its own: tests beside this one have such folders too.
      const temporary = path.join(world.home, 'tmp');
      mkdirSync(temporary);
      const tmpdir = vi.spyOn(os, 'tmpdir').mockReturnValue(temporary);
      const before = world.tree();
      const ran = await doctor('--json');
      expect(ran.code).toBe(0);
      const { program: version, server, hooks } = checksOf(ran);
      expect(version).toMatch(/^works: .*\d\.\d+\.\d/);
      expect(server).toMatch(
        /^works: The server in .*, mcp-dispatch [\d.]+, starts, shakes hands and lists \d+ tools\.$/,
      );
      expect(hooks).toMatch(/^works: SessionStart, .* answer\.$/);
      expect(world.tree()).toEqual(before);
      expect(tmpdir).toHaveBeenCalled();
      expect(readdirSync(temporary)).toEqual([]);
    },
  );

  it('with a server that has only some of the toolsets works all the same', async () => {
    const config = path.join(world.home, 'jobs.toml');
    writeFileSync(config, 'toolsets = ["jobs"]\n');
    await world.init('vscode', { launch, env: { MCP_DISPATCH_CONFIG: config } });
    expect(checksOf(await doctor('--json')).server).toMatch(/^works: .* lists 6 tools\.$/);
  });

  it('and is open says by what each of its windows is woken', async () => {
    world.install('claude');
    await world.init('claude-code', { launch });
    for (const [agent, methods] of [
      ['alice', ['claude-socket']],
      ['bob', []],
    ] as const) {
      const session = await desk.world.session(agent);
      session.client = { name: 'claude-code', version: '2' };
      await session.describe({ wake: { on: 'direct', methods } });
    }
    const carol = await desk.world.session('carol');
    carol.client = { name: 'codex-mcp-client', version: '1' };
    await carol.describe({ wake: { on: 'direct', methods: ['codex-queue'] } });
    expect(checksOf(await doctor('--json')).wake).toBe(
      'works: 2 open windows: alice by claude-socket (direct); bob by none.',
    );
  });

  it('reads as a page for a person, with what cannot be known', async () => {
    world.install('codex');
    await world.init('codex', { launch });
    const { out } = await doctor();
    expect(out.split('\n').slice(0, 7)).toEqual([
      'Codex',
      `  program  works  codex-cli 0.169.0, ${world.bin}/codex.`,
      expect.stringMatching(/^ {2}server {3}works {2}The server in ~\/\.codex\/config\.toml, mcp-dispatch /),
      '  hooks    works  SessionStart, UserPromptSubmit, PostToolUse, Stop answer.',
      expect.stringMatching(/^ {2}wake {5}- {6}None of its windows is open/),
      '  not known       Whether a model acts on a notice that it is shown.',
      expect.stringMatching(/^ {2}not known {7}Whether its hooks are trusted/),
    ]);
    expect(out).toContain('All that is set up works.');
  });
});

describe('a client that does not work', () => {
  it('because its server is gone, is said to, and the exit code is 1', async () => {
    await world.init('vscode', {
      launch: { command: 'node', args: [path.join(world.root, 'gone', 'mcp-dispatch.cjs')] },
    });
    const ran = await doctor('--json');
    expect([ran.code, ran.json.failed]).toEqual([1, 1]);
    expect(checksOf(ran).server).toMatch(
      /^fails: The server in .*mcp\.json does not answer: it ended with 1, and said: /,
    );
  });

  it('because a hook ends with an error or says one, is said to, with the hook', async () => {
    await world.init('cursor', { launch });
    world.write(world.program, 'if (process.argv[4] === "stop") process.exit(2); else console.error("unknown");');
    const file = world
      .read('.cursor/hooks.json')
      .replace(/node \S+ hook cursor (stop|sessionStart)"/g, `node ${world.program} hook cursor $1"`);
    world.write('.cursor/hooks.json', file);
    const { code, json } = await doctor('--json');
    const { clients } = json as { clients: { checks: Check[] }[] };
    expect(code).toBe(1);
    expect(clients[0]?.checks.find(({ what }) => what === 'hooks')).toEqual({
      what: 'hooks',
      state: 'fails',
      said: 'Not answering: sessionStart ended with 0 (unknown); stop ended with 2.',
    });
  });

  it('because a file of it is malformed, is said to, with the place', async () => {
    const file = world.write('.cursor/mcp.json', '{\n  "mcpServers": [}');
    const { code, json } = await doctor('--json');
    expect(code).toBe(1);
    expect(JSON.stringify(json)).toContain(`${file}:2:18`);
  });

  it('because a hook of it is missing, is said to', async () => {
    await world.init('cursor', { launch });
    world.write('.cursor/hooks.json', world.read('.cursor/hooks.json').replace(/"stop"/, '"other"'));
    expect(checksOf(await doctor('--json')).hooks).toMatch(
      /^fails: .*there is none for stop: run mcp-dispatch init\.$/,
    );
  });
});

it('the entry that counts in this directory is the one that is started', async () => {
  world.install('claude');
  await world.init('claude-code', { launch });
  const settings = world.json('.claude.json') as object;
  const own = { mcpServers: { 'mcp-dispatch': { command: 'node', args: ['/gone/mcp-dispatch.cjs'] } } };
  world.write('.claude.json', JSON.stringify({ ...settings, projects: { [world.cwd]: own } }));
  expect(checksOf(await doctor('--json')).server).toMatch(/^fails: /);
});

describe('a client that is not set up', () => {
  it('is no failure: what is to be done is said', async () => {
    world.install('claude');
    const ran = await doctor('--json');
    expect(ran.code).toBe(0);
    expect(checksOf(ran)).toMatchObject({
      server: 'absent: It is not set up: run mcp-dispatch init.',
      hooks: 'absent: There are none: run mcp-dispatch init.',
    });
  });

  it('has an entry of another program left alone: it is not started', async () => {
    const trap = path.join(world.root, 'started');
    const args = ['-e', `require('fs').writeFileSync(${JSON.stringify(trap)}, '')`];
    world.write('.cursor/mcp.json', JSON.stringify({ mcpServers: { 'mcp-dispatch': { command: 'node', args } } }));
    const ran = await doctor('--json');
    expect([ran.code, checksOf(ran).server]).toEqual([1, expect.stringContaining('is not of this program')]);
    expect(() => world.read(trap)).toThrow('ENOENT');
  });
});

it.each([
  [['doctor', '--wake'], 3],
  [['doctor', '--wake', '--fix'], 2],
  [['doctor', '--client', 'codex'], 2],
  [['doctor', '--wake', '--client', 'emacs'], 2],
])('%j on a machine without clients ends in %i', async (argv, code) => {
  expect((await desk.run(argv, { env: world.machine.env })).code).toBe(code);
});
