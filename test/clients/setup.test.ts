/** Setting a client up: what is written where, and what is left alone. */
import { chmodSync, lstatSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLIENTS } from '../../src/clients/all.js';
import { ClientWorld } from '../helpers/client-world.js';

let world: ClientWorld;
beforeEach(() => {
  world = new ClientWorld();
});
afterEach(() => world.dispose());

const line = (client: string, event: string) => `node ${world.program} hook ${client} ${event}`;
const lines = (hooks: object) => JSON.stringify(hooks).match(/node [^"]* hook [\w-]+ \w+/g);
const entry = () => ({ command: 'node', args: [world.program] });

describe('a fresh machine', () => {
  it('Claude Code gets its server by its own command, and hooks in its settings', async () => {
    world.install('claude');
    const outcome = await world.init('claude-code', { env: { MCP_DISPATCH_AGENT_ID: 'bob' } });
    expect(outcome).toMatchObject({
      status: 'set-up',
      next: ['restart its open windows', expect.stringMatching(/^allow mcp__mcp-dispatch /)],
    });
    const wanted = { type: 'stdio', ...entry(), env: { MCP_DISPATCH_AGENT_ID: 'bob' } };
    expect(world.ran).toEqual([['claude', 'mcp', 'add-json', '-s', 'user', 'mcp-dispatch', JSON.stringify(wanted)]]);
    expect(world.json('.claude.json')).toMatchObject({ mcpServers: { 'mcp-dispatch': wanted } });
    const { hooks } = world.json('.claude/settings.json') as { hooks: object };
    const events = ['SessionStart', 'UserPromptSubmit', 'PostToolBatch', 'Stop'];
    expect(Object.keys(hooks)).toEqual(events);
    expect(lines(hooks)).toEqual(events.map((event) => line('claude-code', event)));
    const handler = { type: 'command', command: line('claude-code', 'Stop'), timeout: 10 };
    expect(hooks).toMatchObject({ Stop: [{ hooks: [handler] }] });
  });

  it('Claude Code with our plugin gets nothing besides, wherever that is enabled', async () => {
    world.install('claude');
    for (const file of ['.claude/settings.json', path.join(world.cwd, '.claude/settings.json')]) {
      const full = world.write(file, '{"enabledPlugins":{"other@x":true,"mcp-dispatch@mcp-dispatch":true}}');
      const before = world.tree();
      const outcome = await world.init('claude-code', {});
      expect(outcome).toMatchObject({ status: 'already-set-up', changes: [] });
      expect(outcome.notes.join()).toContain(`${full} has the plugin mcp-dispatch@mcp-dispatch enabled`);
      expect([world.tree(), world.ran]).toEqual([before, []]);
      world.write(file, '{"enabledPlugins":{"mcp-dispatch@mcp-dispatch":false,"mcp-dispatch-tools@x":true}}');
    }
    expect(await world.init('claude-code', {})).toMatchObject({ status: 'set-up' });
  });

  it('Codex with a folder of its own gets a server that is told of it, so that it can wake its threads', async () => {
    world.install('codex');
    world.machine.env.CODEX_HOME = path.join(world.home, 'elsewhere');
    await world.init('codex', {});
    expect(world.read('elsewhere/config.toml')).toContain(`\nCODEX_HOME = "${world.machine.env.CODEX_HOME}"\n`);
    expect(await world.init('codex', {})).toMatchObject({ status: 'already-set-up', changes: [] });
  });

  it('Codex gets its server by its own command with its environment, and hooks in a file of their own', async () => {
    world.install('codex');
    const outcome = await world.init('codex', { env: { MCP_DISPATCH_AGENT_ID: 'bob', MCP_DISPATCH_DIR: '/r' } });
    expect(outcome.status).toBe('set-up');
    expect(outcome.next.join()).toContain('/hooks');
    expect(world.ran).toEqual([
      [
        'codex',
        'mcp',
        'add',
        'mcp-dispatch',
        '--env',
        'MCP_DISPATCH_AGENT_ID=bob',
        '--env',
        'MCP_DISPATCH_DIR=/r',
        '--',
        'node',
        world.program,
      ],
    ]);
    expect(world.read('.codex/config.toml')).toContain('[mcp_servers.mcp-dispatch]\ncommand = "node"\n');
    const { hooks } = world.json('.codex/hooks.json') as { hooks: object };
    expect(lines(hooks)).toEqual(
      ['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'Stop'].map((event) => line('codex', event)),
    );
  });

  it('Gemini CLI gets its server by its own command, and hooks in the same file', async () => {
    world.install('gemini');
    expect((await world.init('gemini-cli')).status).toBe('set-up');
    expect(world.ran).toEqual([['gemini', 'mcp', 'add', '-s', 'user', 'mcp-dispatch', 'node', world.program]]);
    const settings = world.json('.gemini/settings.json') as { hooks: object };
    expect(settings).toMatchObject({ mcpServers: { 'mcp-dispatch': entry() } });
    expect(lines(settings.hooks)).toEqual(
      ['SessionStart', 'BeforeAgent', 'AfterTool', 'AfterAgent'].map((event) => line('gemini-cli', event)),
    );
  });

  it('Cursor gets both in its files', async () => {
    expect((await world.init('cursor')).status).toBe('set-up');
    expect(world.json('.cursor/mcp.json')).toEqual({ mcpServers: { 'mcp-dispatch': entry() } });
    const hook = (event: string) => ({ command: line('cursor', event), timeout: 10 });
    expect(world.json('.cursor/hooks.json')).toEqual({
      version: 1,
      hooks: {
        sessionStart: [hook('sessionStart')],
        postToolUse: [hook('postToolUse')],
        stop: [{ ...hook('stop'), loop_limit: 3 }],
      },
    });
  });

  it('VS Code gets its server in the mcp.json of the user', async () => {
    expect((await world.init('vscode')).status).toBe('set-up');
    const server = { type: 'stdio', ...entry() };
    expect(world.json('.config/Code/User/mcp.json')).toEqual({ servers: { 'mcp-dispatch': server } });
  });

  it.each(['claude-code', 'gemini-cli'])(
    '%s gets its server in its file where its program is not to be found',
    async (client) => {
      expect((await world.init(client)).status).toBe('set-up');
      const file = client === 'claude-code' ? '.claude.json' : '.gemini/settings.json';
      expect(world.json(file)).toMatchObject({ mcpServers: { 'mcp-dispatch': entry() } });
      expect(world.ran).toEqual([]);
    },
  );

  it('Codex without its program is left to a person, with the lines to paste', async () => {
    const { status, byHand } = await world.init('codex', { env: { MCP_DISPATCH_AGENT_ID: 'bob' } });
    expect(status).toBe('by-hand');
    expect(byHand?.text).toContain(path.join(world.home, '.codex/config.toml'));
    expect(byHand?.paste).toBe(
      `[mcp_servers.mcp-dispatch]\ncommand = "node"\nargs = ["${world.program}"]\nenv = { MCP_DISPATCH_AGENT_ID = "bob" }`,
    );
  });

  it('the files of one project are written for the scope of a project', async () => {
    world.install('claude', 'gemini', 'codex');
    for (const { id } of CLIENTS) await world.init(id, { scope: 'project' });
    const files = Object.keys(world.tree()).filter((name) => /\.(json|toml)$/.test(name));
    expect(files).toEqual(
      [
        '.claude/settings.json',
        '.codex/hooks.json',
        '.cursor/hooks.json',
        '.cursor/mcp.json',
        '.gemini/settings.json',
        '.mcp.json',
        '.vscode/mcp.json',
      ].map((name) => `project/${name}`),
    );
  });

  it('no hooks are written where none are wanted', async () => {
    await world.init('cursor', { hooks: false });
    expect(Object.keys(world.tree())).not.toContain('home/.cursor/hooks.json');
  });
});

describe('a file that is there', () => {
  const MCP =
    '\ufeff{\r\n\t// my servers\r\n\t"mcpServers": {\r\n\t\t"other": { "command": "x" }, // mine\r\n\t},\r\n\t"zed": 1,\r\n}\r\n';

  it('keeps comments, order, unknown keys, indentation, line ends and its mode, and a copy stays beside it', async () => {
    const file = world.write('.cursor/mcp.json', MCP, 0o664);
    chmodSync(file, 0o664);
    const { changes } = await world.init('cursor', { hooks: false });
    const pretty = `{\r\n\t\t\t"command": "node",\r\n\t\t\t"args": [\r\n\t\t\t\t"${world.program}"\r\n\t\t\t]\r\n\t\t}`;
    expect(world.read('.cursor/mcp.json')).toBe(MCP.replace('// mine', `// mine\r\n\t\t"mcp-dispatch": ${pretty},`));
    expect(statSync(file).mode & 0o777).toBe(0o664);
    const backup = changes[0]?.backup ?? '';
    expect(path.basename(backup)).toBe('mcp.json.2026-11-21T10-00-00-000Z.mcp-dispatch-backup');
    expect([world.read(backup), statSync(backup).mode & 0o777]).toEqual([MCP, 0o664]);
  });

  it('that is a link stays a link, and what it leads to is edited', async () => {
    const real = world.write('dotfiles/cursor.json', '{}\n');
    const link = path.join(world.home, '.cursor', 'mcp.json');
    world.write('.cursor/other', '');
    symlinkSync('../dotfiles/cursor.json', link);
    expect((await world.init('cursor')).status).toBe('set-up');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readlinkSync(link)).toBe('../dotfiles/cursor.json');
    expect(world.json(real)).toMatchObject({ mcpServers: { 'mcp-dispatch': entry() } });
    expect((await world.remove('cursor')).status).toBe('removed');
    expect([world.read(real), lstatSync(link).isSymbolicLink()]).toEqual(['{}\n', true]);
  });

  it('has the hooks of others beside ours', async () => {
    const theirs = { hooks: [{ type: 'command', command: 'say hook claude-code Stop' }] };
    world.write('.claude/settings.json', JSON.stringify({ hooks: { Stop: [theirs] }, model: 'x' }, null, 4));
    await world.init('claude-code');
    const { hooks, model } = world.json('.claude/settings.json') as { hooks: { Stop: unknown[] }; model: string };
    expect([hooks.Stop[0], hooks.Stop.length, model]).toEqual([theirs, 2, 'x']);
  });
});

describe('what counts before the entry for all', () => {
  it('is said, and left as it is', async () => {
    world.install('claude');
    const own = { mcpServers: { 'mcp-dispatch': { command: 'x' } } };
    world.write('.claude.json', JSON.stringify({ projects: { [world.cwd]: own, '/elsewhere': {} } }));
    const { status, notes } = await world.init('claude-code');
    expect([status, notes]).toEqual(['set-up', [expect.stringContaining('for this directory alone')]]);
    expect(world.json('.claude.json')).toMatchObject({ projects: { [world.cwd]: own } });
  });
});

describe('doing it again', () => {
  it.each(CLIENTS.map(({ id }) => id))('%s is already set up: nothing is run, written or copied', async (id) => {
    world.install('claude', 'codex', 'gemini');
    world.write('.cursor/mcp.json', '{"mcpServers":{}}');
    expect((await world.init(id)).status).toBe('set-up');
    const [tree, runs] = [world.tree(), world.ran.length];
    expect(await world.init(id)).toMatchObject({ status: 'already-set-up', changes: [], next: [] });
    expect([world.tree(), world.ran.length]).toEqual([tree, runs]);
  });

  it.each(CLIENTS.map(({ id }) => id))(
    '%s gets a new place of the program, keeps what a person added, and is copied once',
    async (id) => {
      world.install('claude', 'codex', 'gemini');
      await world.init(id, { env: { MCP_DISPATCH_AGENT_ID: 'bob' } });
      const backups = world.backups();
      const moved = path.join(world.root, 'new place', 'mcp-dispatch.cjs');
      expect((await world.init(id, { launch: { command: 'node', args: [moved] } })).status).toBe('set-up');
      const all = Object.entries(world.tree()).filter(([name]) => !name.endsWith('backup'));
      const text = all.map(([, holds]) => holds).join('\n');
      expect(text).not.toContain(world.program);
      expect(text).toContain(`${moved}`);
      if (id !== 'vscode') expect(text).toContain(`node '${moved}' hook ${id} `);
      expect(text).toMatch(/MCP_DISPATCH_AGENT_ID"?[:=\s]+"bob"/);
      expect(world.backups()).toEqual(backups);
    },
  );
});

describe('what is in the way', () => {
  it.each([
    ['claude-code', '.claude.json', '{\n "mcpServers": {,}\n}', ':2:17: '],
    ['claude-code', '.claude/settings.json', '{\n "a": 1,\n}', ':3:1: '],
    ['codex', '.codex/config.toml', 'a = 1\nb = [1\nc = 2', ':3:1: '],
    ['codex', '.codex/hooks.json', '[]', ':1:1: '],
    ['gemini-cli', '.gemini/settings.json', '{"a": 1,}', ':1:9: '],
    ['cursor', '.cursor/mcp.json', '{\n  "mcpServers": []\n}', ':2:17: '],
    ['cursor', '.cursor/hooks.json', '{"hooks": {"stop": {}}}', ':1:20: '],
    ['vscode', '.config/Code/User/mcp.json', '{"servers" {}}', ':1:12: '],
  ])('%s with a malformed %s is left alone, and the place is named', async (client, file, text, place) => {
    world.install('claude', 'codex', 'gemini');
    const full = world.write(file, text);
    const before = world.tree();
    const { status, error, changes } = await world.init(client);
    expect([status, changes]).toEqual(['failed', []]);
    expect(error).toContain(full + place);
    expect([world.tree(), world.ran]).toEqual([before, []]);
    const removal = await world.remove(client);
    expect(['failed', 'not-set-up']).toContain(removal.status);
    expect(world.tree()).toEqual(before);
  });

  it.each([
    ['claude-code', '.claude.json', '{"mcpServers":{"mcp-dispatch":{"command":"uvx","args":["mcp-dispatch"]}}}'],
    ['codex', '.codex/config.toml', '[mcp_servers.mcp-dispatch]\ncommand = "uvx"\nargs = ["mcp-dispatch"]\n'],
    ['gemini-cli', '.gemini/settings.json', '{"mcpServers":{"mcp-dispatch":{"httpUrl":"x"}}}'],
    ['cursor', '.cursor/mcp.json', '{"mcpServers":{"mcp-dispatch":{"command":"node","args":["/x/other.js"]}}}'],
    ['vscode', '.config/Code/User/mcp.json', '{"servers":{"mcp-dispatch":{}}}'],
  ])(
    '%s with another entry of our name is left alone, and replaced only with --force, after a copy',
    async (client, file, text) => {
      world.install('claude', 'codex', 'gemini');
      const full = world.write(file, text);
      const before = world.tree();
      const { status, error } = await world.init(client);
      expect([status, world.tree(), world.ran]).toEqual(['failed', before, []]);
      expect(error).toContain(full);
      expect(error).toContain('--force');
      expect(await world.remove(client)).toMatchObject({
        status: 'not-set-up',
        notes: [expect.stringContaining(full)],
      });
      expect(world.tree()).toEqual(before);
      expect((await world.init(client, { force: true })).status).toBe('set-up');
      expect(world.read(file)).toContain(world.program);
      const [backup = ''] = world.backups().filter((name) => name.includes(path.basename(file)));
      expect(world.read(path.join(world.root, backup))).toBe(text);
    },
  );

  it('a file where the folder of the client should be is said, and no temporary file stays', async () => {
    world.write('.cursor', 'a file');
    const before = world.tree();
    const { status, error } = await world.init('cursor');
    expect(status).toBe('failed');
    expect(error).toMatch(/\.cursor\/mcp\.json: .*ENOTDIR/);
    expect(world.tree()).toEqual(before);
  });

  it('a link that leads nowhere is said, and stays', async () => {
    world.write('.cursor/other', '');
    symlinkSync('gone.json', path.join(world.home, '.cursor/mcp.json'));
    const before = world.tree();
    expect((await world.init('cursor')).error).toContain('mcp.json: a symbolic link that leads nowhere');
    expect(world.tree()).toEqual(before);
  });

  it('a file that is not UTF-8 is left alone', async () => {
    world.write('.cursor/mcp.json', '');
    writeFileSync(path.join(world.home, '.cursor/mcp.json'), Buffer.from([0x7b, 0xff, 0x7d]));
    expect((await world.init('cursor')).error).toContain('not valid UTF-8');
  });

  it("a client's command that fails is quoted, and what was done before is told", async () => {
    world.installScript('gemini', `fail('Please sign in first.')`);
    const { status, error } = await world.init('gemini-cli');
    expect([status, error]).toEqual([
      'failed',
      expect.stringMatching(/gemini: mcp add ended with 1: Please sign in first\.$/),
    ]);
  });

  it("a client's command that says it did, and did not, is not believed", async () => {
    world.installScript('codex', '');
    expect((await world.init('codex')).error).toContain('its entry is not in this file');
  });
});

describe('a dry run', () => {
  it.each(CLIENTS.map(({ id }) => id))(
    'of %s shows each difference and each command, and changes nothing',
    async (id) => {
      world.install('claude', 'codex', 'gemini');
      world.write('.cursor/mcp.json', '{\n  "mcpServers": {}\n}\n');
      const before = world.tree();
      const { status, changes } = await world.init(id, { dryRun: true });
      expect([status, world.tree(), world.ran]).toEqual(['set-up', before, []]);
      const shown = changes.flatMap(({ diff = [], command = [] }) => [...diff, command.join(' ')]).join('\n');
      expect(shown).toContain(world.program);
      if (id === 'cursor')
        expect(shown).toContain('-   "mcpServers": {}\n+   "mcpServers": {\n+     "mcp-dispatch": {');
      await world.init(id);
      const done = world.tree();
      const removal = await world.remove(id, { dryRun: true });
      expect([removal.status, world.tree()]).toEqual(['removed', done]);
      expect(removal.changes.length).toBeGreaterThan(0);
    },
  );
});
