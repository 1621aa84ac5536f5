/** Taking out what was put in: our entry and our hooks, and nothing else. */
import { renameSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLIENTS } from '../../src/clients/all.js';
import { ClientWorld } from '../helpers/client-world.js';
import { jsonFile } from '../helpers/json-texts.js';

let world: ClientWorld;
beforeEach(() => {
  world = new ClientWorld();
});
afterEach(() => world.dispose());

const IDS = CLIENTS.map(({ id }) => id);
const COMMENTED = '{\n    // mine\n    "theme": "x", // keep\n    "hooks": { "Other": [] }\n}\n';

/** What each client had before, in the words of a person. */
const BEFORE: { readonly [id: string]: readonly (readonly [string, string])[] } = {
  'claude-code': [
    ['.claude.json', '{"numStartups":3,"mcpServers":{"a":{"command":"x"}}}'],
    ['.claude/settings.json', '{\n\t"model": "x",\n\t"hooks": {"Stop": []}\n}'],
  ],
  codex: [
    ['.codex/config.toml', '# mine\nmodel = "x"   # keep\n\n[mcp_servers.a]\ncommand = "x"\n'],
    ['.codex/hooks.json', '{ "hooks": {} }\n'],
  ],
  'gemini-cli': [['.gemini/settings.json', COMMENTED]],
  cursor: [
    ['.cursor/mcp.json', '\ufeff{\r\n\t"mcpServers": {\r\n\t\t// none\r\n\t},\r\n}\r\n'],
    ['.cursor/hooks.json', '{\n  "hooks": {}\n}'],
  ],
  vscode: [['.config/Code/User/mcp.json', COMMENTED]],
};

describe('after init and remove', () => {
  it.each(IDS.filter((id) => id !== 'claude-code'))('%s has the same bytes, modes and files as before', async (id) => {
    world.install('codex', 'gemini');
    for (const [file, text] of BEFORE[id] ?? []) world.write(file, text, 0o640);
    const before = world.tree();
    expect((await world.init(id)).status).toBe('set-up');
    expect(world.tree()).not.toEqual(before);
    expect((await world.remove(id)).status).toBe('removed');
    expect(world.tree()).toEqual(before);
  });

  it('Claude Code has the same settings as before, and its own file as it keeps it', async () => {
    world.install('claude');
    for (const [file, text] of BEFORE['claude-code'] ?? []) world.write(file, text);
    const before = world.tree();
    await world.init('claude-code');
    expect((await world.remove('claude-code')).status).toBe('removed');
    expect(world.ran.at(-1)).toEqual(['claude', 'mcp', 'remove', '-s', 'user', 'mcp-dispatch']);
    expect(world.json('.claude.json')).toMatchObject({ numStartups: 3, mcpServers: { a: { command: 'x' } } });
    const { 'home/.claude.json': _, ...others } = world.tree();
    const { 'home/.claude.json': __, ...same } = before;
    expect(others).toEqual(same);
  });

  it.each(IDS)('%s without its program has the same bytes, modes and files as before', async (id) => {
    for (const [file, text] of BEFORE[id] ?? []) world.write(file, text, 0o600);
    const before = world.tree();
    await world.init(id);
    await world.remove(id);
    expect(world.tree()).toEqual(before);
  });

  it.each(IDS)('nothing is left of the files that were made for %s', async (id) => {
    world.install('codex', 'gemini', 'claude');
    await world.init(id);
    await world.remove(id);
    const left = Object.entries(world.tree()).filter(([, holds]) => holds.startsWith('100'));
    // Its own command has made this one, and Claude Code keeps more in it.
    expect(left.map(([name]) => name)).toEqual(id === 'claude-code' ? ['home/.claude.json'] : []);
  });

  it.each(IDS)('nothing is left of %s in a project', async (id) => {
    world.install('codex', 'gemini', 'claude');
    const before = world.tree();
    await world.init(id, { scope: 'project' });
    expect(world.tree()).not.toEqual(before);
    await world.remove(id, { scope: 'project' });
    expect(world.tree()).toEqual(before);
  });

  it('an entry that was replaced with --force is back', async () => {
    const text = '{ "mcpServers": {\n  "mcp-dispatch": { "command": "uvx" /* python */ } } }';
    world.write('.cursor/mcp.json', text);
    const before = world.tree();
    await world.init('cursor', { force: true });
    expect(world.read('.cursor/mcp.json')).not.toBe(text);
    await world.remove('cursor');
    expect(world.tree()).toEqual(before);
  });

  it('an update in between changes nothing of that', async () => {
    for (const [file, text] of BEFORE.cursor ?? []) world.write(file, text);
    const before = world.tree();
    await world.init('cursor');
    const moved = path.join(world.root, 'moved', 'mcp-dispatch.cjs');
    await world.init('cursor', { launch: { command: 'node', args: [moved] }, env: { MCP_DISPATCH_AGENT_ID: 'x' } });
    await world.remove('cursor');
    expect(world.tree()).toEqual(before);
  });

  it('whatever a person had written is there again, byte for byte', async () => {
    const seed = process.env.FUZZ_SEED === undefined ? Date.now() % 2 ** 31 : Number(process.env.FUZZ_SEED);
    const property = fc.asyncProperty(jsonFile('none'), jsonFile('stop'), async (mcp, hooks) => {
      rmSync(path.join(world.home, '.cursor'), { recursive: true, force: true });
      world.write('.cursor/mcp.json', mcp);
      world.write('.cursor/hooks.json', hooks);
      const before = world.tree();
      const { status } = await world.init('cursor');
      if (status === 'set-up') expect((await world.remove('cursor')).status).toBe('removed');
      expect(world.tree()).toEqual(before);
    });
    await fc.assert(property, { seed, numRuns: 150 });
  });
});

describe('what others changed meanwhile', () => {
  it('leaves the version of a file that holds hooks of theirs now', async () => {
    world.write('.cursor/hooks.json', '{"hooks":{}}');
    await world.init('cursor');
    const { hooks } = world.json('.cursor/hooks.json') as { hooks: object };
    world.write('.cursor/hooks.json', JSON.stringify({ version: 1, hooks: { ...hooks, mine: [{ command: 'x' }] } }));
    await world.remove('cursor');
    expect(world.json('.cursor/hooks.json')).toEqual({ version: 1, hooks: { mine: [{ command: 'x' }] } });
  });

  it('stays, and the copy from before stays with it and is named', async () => {
    world.write('.cursor/mcp.json', '{\n  "mcpServers": {}\n}\n');
    await world.init('cursor', { hooks: false });
    const edited = world
      .read('.cursor/mcp.json')
      .replace('"mcpServers": {', '"mcpServers": {\n    // new\n    "b": {},');
    world.write('.cursor/mcp.json', edited);
    const { status, notes } = await world.remove('cursor');
    expect(status).toBe('removed');
    expect(world.read('.cursor/mcp.json')).toBe('{\n  "mcpServers": {\n    // new\n    "b": {}\n  }\n}\n');
    const [backup = ''] = world.backups();
    expect(notes.join()).toContain(path.join(world.root, backup));
  });

  it('to a file of ours keeps it', async () => {
    await world.init('cursor');
    const text = world.read('.cursor/mcp.json');
    world.write('.cursor/mcp.json', text.replace(/^\{/, '{\n  "mine": 1,'));
    await world.remove('cursor');
    expect(world.json('.cursor/mcp.json')).toEqual({ mine: 1 });
    expect(Object.keys(world.tree())).not.toContain('home/.cursor/hooks.json');
  });

  it('to a file that Gemini CLI has written anew is not undone', async () => {
    world.install('gemini');
    world.write('.gemini/settings.json', COMMENTED);
    await world.init('gemini-cli');
    world.write('.gemini/settings.json', world.read('.gemini/settings.json').replace('// keep', '// still mine'));
    await world.remove('gemini-cli');
    expect(world.read('.gemini/settings.json')).toContain('// still mine');
    expect(world.read('.gemini/settings.json')).not.toContain('mcp-dispatch');
  });

  it('a hook that a person put beside ours in its group stays', async () => {
    await world.init('claude-code');
    const settings = world.json('.claude/settings.json') as { hooks: { Stop: { hooks: object[] }[] } };
    settings.hooks.Stop[0]?.hooks.push({ type: 'command', command: 'theirs' });
    world.write('.claude/settings.json', JSON.stringify(settings));
    await world.remove('claude-code');
    expect(world.json('.claude/settings.json')).toEqual({
      hooks: { Stop: [{ hooks: [{ type: 'command', command: 'theirs' }] }] },
    });
  });

  it('a file that became a link is not removed with its link', async () => {
    await world.init('cursor', { hooks: false });
    const link = path.join(world.home, '.cursor/mcp.json');
    renameSync(link, path.join(world.home, 'real.json'));
    symlinkSync('../real.json', link);
    await world.remove('cursor');
    expect(world.json('real.json')).toEqual({});
    expect(world.json('.cursor/mcp.json')).toEqual({});
  });
});

describe('a client that is not set up', () => {
  it.each(IDS)('%s is left as it is', async (id) => {
    world.install('codex', 'gemini', 'claude');
    for (const [file, text] of BEFORE[id] ?? []) world.write(file, text);
    const before = world.tree();
    expect(await world.remove(id)).toMatchObject({ status: 'not-set-up', changes: [] });
    expect([world.tree(), world.ran]).toEqual([before, []]);
  });
});
