/** `init` and `remove`, in a home of their own with clients that are not real. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLIENT_IDS } from '../../src/cli/client-report.js';
import { CLIENTS } from '../../src/clients/all.js';
import { ClientWorld } from '../helpers/client-world.js';
import { type Ran, runHere } from '../helpers/command-here.js';
import { SERVER } from '../helpers/server-sandbox.js';

let world: ClientWorld;
beforeEach(() => {
  world = new ClientWorld();
});
afterEach(() => world.dispose());

interface Given {
  readonly env?: NodeJS.ProcessEnv;
  /** Run as a process of its own; without it the command is run in this one. */
  readonly program?: string;
  /** Whose process that is. */
  readonly uid?: number;
}

async function run(argv: readonly string[], { env = {}, program, uid }: Given = {}): Promise<Ran> {
  const { home, cwd } = world;
  const all = { ...world.machine.env, ...env };
  // The promise of this file: whatever runs here runs in a throwaway home.
  expect(all.HOME?.startsWith(realpathSync(os.tmpdir()))).toBe(true);
  if (program === undefined) return runHere(argv, { home, cwd, env: all });
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...argv], {
    encoding: 'utf8',
    cwd,
    env: all,
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  return { code: Number(status), out: stdout, err: stderr };
}

describe('init', () => {
  it('says in a line a client what it did, and in one more what a person does next', async () => {
    world.install('claude', 'codex');
    const { code, out, err } = await run(['init']);
    expect([code, err]).toEqual([0, '']);
    const lines = out.split('\n');
    expect(lines.slice(0, 4)).toEqual([
      'Claude Code  set up: server in ~/.claude.json by claude mcp add-json; hooks in ~/.claude/settings.json',
      expect.stringMatching(/^ {13}next: restart its open windows; allow mcp__mcp-dispatch with \/permissions, /),
      'Codex        set up: server in ~/.codex/config.toml by codex mcp add; hooks in ~/.codex/hooks.json',
      expect.stringMatching(/^ {13}next: trust the hooks .*; .*required = true.*; restart/),
    ]);
    expect(JSON.parse(lines.at(-2) ?? '')).toEqual({
      mcpServers: { 'mcp-dispatch': { type: 'stdio', command: 'node', args: [SERVER] } },
    });
    expect((await run(['init'])).out).toMatch(/^Claude Code {2}already set up\nCodex {8}already set up\n\n/);
  });

  it('names the copy of a file as it was, once', async () => {
    world.install('gemini');
    world.write('.gemini/settings.json', '{}');
    const { out } = await run(['init']);
    expect(out.match(/mcp-dispatch-backup/g)).toHaveLength(1);
    expect(out).toMatch(/^ {13}as it was: ~\/\.gemini\/settings\.json\.2[-\dTZ]+\.mcp-dispatch-backup$/m);
  });

  it('with --json says the same in one document', async () => {
    world.install('claude');
    mkdirSync(path.join(world.home, '.cursor'));
    const { code, out, err } = await run(['init', '--json', '--agent-id', ' Bob ', '--no-hooks']);
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toMatchObject({
      scope: 'user',
      dry_run: false,
      clients: [
        { client: 'claude-code', status: 'set-up', changes: [{ what: 'server', command: { length: 7 } }] },
        { client: 'cursor', status: 'set-up', changes: [{ what: 'server', file: `${world.home}/.cursor/mcp.json` }] },
      ],
      not_found: ['codex', 'gemini-cli', 'vscode'],
      entry: { mcpServers: { 'mcp-dispatch': { env: { MCP_DISPATCH_AGENT_ID: 'bob' } } } },
    });
    expect(Object.keys(world.tree())).not.toContain('home/.cursor/hooks.json');
  });

  it('gives the server the relay and the configuration of whoever runs it, and not the name', async () => {
    mkdirSync(path.join(world.home, '.cursor'));
    await run(['init'], {
      env: { MCP_DISPATCH_DIR: '/r', MCP_DISPATCH_CONFIG: '/c.toml', MCP_DISPATCH_AGENT_ID: 'me' },
    });
    expect(world.json('.cursor/mcp.json')).toMatchObject({
      mcpServers: { 'mcp-dispatch': { env: { MCP_DISPATCH_DIR: '/r', MCP_DISPATCH_CONFIG: '/c.toml' } } },
    });
    expect(world.read('.cursor/mcp.json')).not.toContain('AGENT_ID');
  });

  it('writes only the clients that are named, and shows every difference with --dry-run first', async () => {
    for (const folder of ['.cursor', '.gemini']) mkdirSync(path.join(world.home, folder));
    const before = world.tree();
    const dry = await run(['init', '--client', 'cursor', '--dry-run']);
    expect([dry.code, world.tree()]).toEqual([0, before]);
    expect(dry.out).toMatch(/^Cursor {7}would be set up: server in ~\/\.cursor\/mcp\.json; hooks in /);
    expect(dry.out).toContain('--- ~/.cursor/hooks.json\n');
    expect(dry.out).toMatch(/^ {13}\+ +"mcp-dispatch": \{$/m);
    await run(['init', '--client', 'cursor']);
    expect(Object.keys(world.tree())).toEqual(expect.arrayContaining(['home/.cursor/mcp.json']));
    expect(Object.keys(world.tree())).not.toContain('home/.gemini/settings.json');
  });

  it.each([
    [['init'], 3],
    [['remove'], 3],
    [['init', '--client', 'codex'], 3],
    [['init', '--client', 'emacs'], 2],
    [['init', '--scope', 'all'], 2],
    [['init', '--agent-id', 'all'], 2],
    [['init', 'cursor'], 2],
  ])('%j on a machine without clients ends in %i, and writes nothing', async (argv, code) => {
    expect((await run(argv)).code).toBe(code);
    expect(world.tree()).toEqual({});
  });

  it('that fails for one client does the others, and ends in 1', async () => {
    const broken = world.write('.cursor/mcp.json', '{');
    mkdirSync(path.join(world.home, '.config/Code/User'), { recursive: true });
    const { code, out } = await run(['init']);
    expect(code).toBe(1);
    expect(out).toContain(`Cursor       failed\n             error: ~/.cursor/mcp.json:1:2: not valid JSON`);
    expect(out).toContain('VS Code      set up: server');
    expect(world.read(broken)).toBe('{');
  });

  it.skipIf(process.getuid?.() !== 0)(
    'in a home that may not be written says so for each client, and leaves nothing behind',
    async () => {
      // Root may write anywhere, so it is another user who tries.
      const nobody = 65_534;
      world.install('codex');
      for (const file of ['.cursor/mcp.json', '.gemini/settings.json']) {
        chmodSync(path.dirname(world.write(file, '{}')), 0o555);
      }
      for (const folder of [world.root, world.home, world.cwd]) chmodSync(folder, 0o755);
      world.write(path.join(world.root, 'log'), '');
      chownSync(path.join(world.root, 'log'), nobody, nobody);
      const program = path.join(world.root, 'opt', 'mcp-dispatch.cjs');
      cpSync(path.dirname(SERVER), path.dirname(program), { recursive: true });
      const before = world.tree();
      const { code, out, err } = await run(['init'], { uid: nobody, program });
      expect([code, err]).toEqual([1, '']);
      for (const [name, file] of [
        ['Codex', '.codex'],
        ['Gemini CLI', '.gemini/settings.json'],
        ['Cursor', '.cursor/mcp.json'],
      ]) {
        expect(out).toMatch(new RegExp(`^${name} +failed\\n +error: .*${file}.*(EACCES|mcp add ended)`, 'm'));
      }
      expect(world.tree()).toEqual(before);
    },
  );
});

describe('how a client starts the program', () => {
  it('is npx again for what npx has run from its cache', async () => {
    const cached = path.join(world.root, '_npx', '1a2b', 'node_modules', 'mcp-dispatch', 'dist', 'mcp-dispatch.cjs');
    cpSync(path.dirname(SERVER), path.dirname(cached), { recursive: true });
    mkdirSync(path.join(world.home, '.cursor'));
    await run(['init'], { program: cached });
    expect(world.json('.cursor/mcp.json')).toEqual({
      mcpServers: { 'mcp-dispatch': { command: 'npx', args: ['-y', 'mcp-dispatch'] } },
    });
    expect(world.read('.cursor/hooks.json')).toContain('"npx -y mcp-dispatch hook cursor stop"');
    expect((await run(['init'], { program: cached })).out).toContain('already set up');
    expect((await run(['remove'], { program: cached })).code).toBe(0);
    expect(Object.keys(world.tree())).toEqual(['home/.cursor']);
  });

  it('is this Node by its path where "node" means another, or none', async () => {
    mkdirSync(path.join(world.home, '.cursor'));
    await run(['init'], { env: { PATH: world.cwd } });
    expect(world.json('.cursor/mcp.json')).toMatchObject({
      mcpServers: { 'mcp-dispatch': { command: process.execPath, args: [SERVER] } },
    });
  });

  it('is the file itself where a link was run', async () => {
    const link = path.join(world.bin, 'mcp-dispatch');
    symlinkSync(SERVER, link);
    const { entry } = JSON.parse((await run(['init', '--json'], { program: link })).out);
    expect(entry.mcpServers['mcp-dispatch'].args).toEqual([SERVER]);
  });
});

describe('remove', () => {
  it('says what it took out, and leaves the home as it was', async () => {
    world.install('codex', 'gemini');
    world.write('.gemini/settings.json', '{ "theme": "x" } // mine\n');
    world.write('.codex/config.toml', 'model = "x"\n');
    const before = world.tree();
    await run(['init']);
    const { code, out, err } = await run(['remove']);
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n')).toEqual([
      'Codex        taken out: server in ~/.codex/config.toml by codex mcp remove; hooks in ~/.codex/hooks.json',
      '             next: restart its open windows',
      'Gemini CLI   taken out: server in ~/.gemini/settings.json by gemini mcp remove; hooks in ~/.gemini/settings.json',
      '             next: restart its open windows',
      '',
    ]);
    expect(world.tree()).toEqual(before);
    expect(await run(['remove'])).toMatchObject({
      code: 3,
      out: 'No client is set up, so there is nothing to take out.\n',
    });
  });
});

it('the names that --client takes are those of the clients', () => {
  expect(CLIENT_IDS).toEqual(CLIENTS.map(({ id }) => id));
});
