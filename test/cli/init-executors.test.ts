/** `init --executors`, in a home of its own. */
import { lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exposedWords } from '../../src/cli/runners.js';
import { checkConfig } from '../../src/config/load.js';
import { PRESET_IDS, PRESETS } from '../../src/config/presets.js';
import { useSandbox } from '../config/sandbox.js';
import { ClientWorld } from '../helpers/client-world.js';
import { runHere } from '../helpers/command-here.js';

const CONFIG = '.config/mcp-dispatch/config.toml';
const BOTH = ['--executors', 'codex,claude-code'];

let world: ClientWorld;
beforeEach(() => {
  world = new ClientWorld();
});
afterEach(() => world.dispose());

const run = (argv: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  runHere(argv, { home: world.home, cwd: world.cwd, env: { ...world.machine.env, ...env } });

const init = (...argv: string[]) => run(['init', ...argv]);

/** The agents that the configuration has an executor of, as `config check` reads it. */
async function executors(): Promise<string[]> {
  const { settings } = JSON.parse((await run(['config', 'check', '--json'])).out);
  return settings.flatMap(({ key }: { key: string }) => /^executors\.(.*)\.argv$/.exec(key)?.[1] ?? []);
}

describe('init --executors', () => {
  it('makes a configuration that only its owner can read, and a worker can use at once', async () => {
    const { code, out } = await init(...BOTH);
    expect(code).toBe(0);
    expect(out).toContain(`Executors    set up: executors in ~/${CONFIG}\n`);
    expect(out).toContain('start a worker: mcp-dispatch worker --agent codex');
    expect(await executors()).toEqual(['codex', 'claude']);
    expect(lstatSync(path.join(world.home, CONFIG)).mode & 0o777).toBe(0o600);
  });

  it('keeps every byte of a file that is there, after a copy of it, and changes nothing the second time', async () => {
    const before = '# mine\r\nwatch = false\r\n[limits]\r\ninbox_messages = 5';
    world.write(CONFIG, before);
    expect((await init('--executors', 'codex')).out).toMatch(/as it was: ~\/\.config\/.*\.mcp-dispatch-backup\n/);
    const after = world.read(CONFIG);
    expect(after.slice(0, before.length)).toBe(before);
    expect(after.slice(before.length)).toMatch(/^\r\n\r\n# Codex in a sandbox(.*\r\n)+\[executors\.codex\]\r\n/);
    expect(await executors()).toEqual(['codex']);
    const tree = world.tree();
    const again = await init('--executors', 'codex');
    expect([again.code, world.tree()]).toEqual([0, tree]);
    expect(again.out).toContain('There is an executor of codex already, which was left as it is.');
  });

  it('leaves a table of the same agent to whoever wrote it', async () => {
    for (const header of ['[executors.codex]', '[dispatch.executors.codex]']) {
      const mine = `${header}\nargv = ["my-codex", "--", "{prompt}"]\n`;
      world.write(CONFIG, mine);
      await init(...BOTH);
      expect(world.read(CONFIG).startsWith(mine)).toBe(true);
      expect(world.read(CONFIG)).not.toContain('"exec"');
      expect((await executors()).sort()).toEqual(['claude', 'codex']);
    }
  });

  it('with --dry-run shows the lines, and writes nothing', async () => {
    world.write(CONFIG, 'watch = false\n');
    const before = world.tree();
    const { code, out } = await init('--executors', 'claude-code', '--dry-run');
    expect([code, world.tree()]).toEqual([0, before]);
    expect(out).toContain('Executors    would be set up: executors in');
    expect(out).toMatch(/^ {13}\+ \[executors\.claude\]$/m);
    expect(out).toMatch(/^ {13}\+ {3}"claude", "-p", "--permission-mode", "plan", /m);
  });

  it.each([
    ['watch = maybe\n', 'failed', /line 1.*The file was left alone: correct it first\./s],
    ['executors = { bob = { argv = ["b", "--", "{prompt}"] } }\n', 'by hand:', /Write there:\s+# Codex in a/],
  ])('does not touch a file to which nothing can be added: %j', async (text, word, said) => {
    world.write(CONFIG, text);
    const before = world.tree();
    const { out } = await init('--executors', 'codex');
    expect(world.tree()).toEqual(before);
    expect(out).toContain(word);
    expect(out).toMatch(said);
  });

  it('writes the file that MCP_DISPATCH_CONFIG names, through a link, which stays', async () => {
    const real = world.write('dotfiles/c.toml', '');
    const link = path.join(world.home, 'c.toml');
    symlinkSync(real, link);
    expect((await run(['init', '--executors', 'codex'], { MCP_DISPATCH_CONFIG: link })).code).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(world.read('dotfiles/c.toml')).toContain('[executors.codex]');
  });

  it('says what is missing: the program, a place on the roster', async () => {
    world.write(CONFIG, 'agents = ["alice", "claude"]\n');
    const { out } = await init(...BOTH);
    expect(out).toContain('codex is not on the PATH here: a worker does not start without it.');
    expect(out).toContain('codex is not on the roster: add it to agents, or no worker can serve it.');
    expect(out).not.toContain('claude is not on the roster');
  });

  it('sets the clients up as ever, and with --json tells of the executors beside them', async () => {
    mkdirSync(path.join(world.home, '.cursor'));
    const { code, out } = await init('--executors', 'codex', '--executors', 'claude-code', '--json');
    expect([code, JSON.parse(out)]).toMatchObject([
      0,
      {
        clients: [{ client: 'cursor', status: 'set-up' }],
        executors: { status: 'set-up', changes: [{ what: 'executors', file: path.join(world.home, CONFIG) }] },
      },
    ]);
  });

  it.each(['gemini', 'codex,', '', 'codex claude-code'])('does not know %j, and writes nothing', async (names) => {
    const { code, err } = await init('--executors', names);
    expect([code, err]).toEqual([2, expect.stringContaining('Allowed are codex and claude-code')]);
    expect(world.tree()).toEqual({});
  });

  it("is not undone by remove: what runs is the operator's to say", async () => {
    await init(...BOTH);
    const before = world.read(CONFIG);
    await run(['remove']);
    expect(world.read(CONFIG)).toBe(before);
  });
});

describe('a preset', () => {
  const sandbox = useSandbox();

  it.each(PRESETS)('$id is a whole executor, in which no word of a job can be an option', async ({ agent, toml }) => {
    sandbox.write(toml);
    const { problems, config } = await checkConfig({}, () => undefined);
    expect(problems).toEqual([]);
    const executor = config?.executors.get(agent);
    expect(executor).toMatchObject({ timeoutSeconds: 1800, env: ['PATH', 'HOME'] });
    expect(executor?.writeArgv).toBeDefined();
    expect(config && exposedWords(config)).toEqual([]);
  });

  it('is there for each name that init takes', () => {
    expect(PRESETS.map(({ id }) => id)).toEqual(PRESET_IDS);
  });
});
