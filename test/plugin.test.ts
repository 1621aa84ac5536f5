/** The Claude Code plugin: what it starts, what it does not carry along, and the judgement of the real Claude Code. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { findEvent } from '../src/hooks/shapes.js';
import { TOOLS } from '../src/mcp/tools.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const json = (file: string) => JSON.parse(read(file));

const marketplace = json('.claude-plugin/marketplace.json');
const folder = path.posix.normalize(marketplace.plugins[0].source);
const plugin = json(`${folder}/.claude-plugin/plugin.json`);
const { hooks } = json(`${folder}/hooks/hooks.json`);
const manifest = json('package.json');
const files = (
  readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true }) as import('node:fs').Dirent[]
)
  .filter((entry) => entry.isFile())
  .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'));

interface Handler {
  readonly type: string;
  readonly command: string;
  readonly timeout: number;
}

const handlers: [event: string, handler: Handler][] = Object.entries<{ hooks: Handler[] }[]>(hooks).flatMap(
  ([event, groups]) => groups.flatMap((group) => group.hooks.map((handler): [string, Handler] => [event, handler])),
);

describe('the marketplace', () => {
  it('has the one plugin, in a folder of this repository', () => {
    expect(marketplace.plugins).toHaveLength(1);
    expect(marketplace.plugins[0].source).toMatch(/^\.\/\w+$/);
    expect(marketplace.plugins[0].name).toBe(plugin.name);
  });

  it('is published with its plugin: an installed package is a marketplace too', () => {
    expect(manifest.files).toEqual(expect.arrayContaining(['.claude-plugin', folder]));
  });
});

describe('the plugin', () => {
  it('brings a manifest, hooks, a skill and a README, and nothing else', () => {
    expect(files.sort()).toEqual(
      ['.claude-plugin/plugin.json', 'README.md', 'hooks/hooks.json', 'skills/working-with-agents/SKILL.md'].map(
        (file) => `${folder}/${file}`,
      ),
    );
  });

  it('has no package.json, for which Claude Code would install packages, and is small', () => {
    expect(files.filter((file) => /package(-lock)?\.json$/.test(file))).toEqual([]);
    expect(files.map((file) => read(file).length).reduce((sum, length) => sum + length, 0)).toBeLessThan(20_000);
  });

  it('starts one server, by the command that this package installs, which an entry of the user may have too', () => {
    expect(Object.keys(plugin.mcpServers)).toEqual(['mcp-dispatch']);
    expect(plugin.mcpServers['mcp-dispatch']).toEqual({ type: 'stdio', command: 'mcp-dispatch', args: [] });
    expect(manifest.bin).toHaveProperty('mcp-dispatch');
  });

  it('names no place of one machine, and nothing outside its folder', () => {
    for (const file of files.filter((one) => one.endsWith('.json'))) {
      const strings: string[] = [];
      JSON.parse(read(file), (_, value) => {
        if (typeof value === 'string') strings.push(value);
      });
      expect(strings.length).toBeGreaterThan(3);
      expect(strings.filter((text) => /(^|\s)([/\\~]|[A-Za-z]:\\)|\.\.[/\\]/.test(text))).toEqual([]);
    }
  });
});

describe('its hooks', () => {
  it('are one each for the moments at which mail can be told of', () => {
    expect(handlers.map(([event]) => event)).toEqual(['SessionStart', 'UserPromptSubmit', 'PostToolBatch', 'Stop']);
  });

  it.each(handlers)('%s runs this program for this event, and cannot hold up a turn', (event, handler) => {
    expect(handler).toEqual({ type: 'command', command: `mcp-dispatch hook claude-code ${event}`, timeout: 10 });
    expect(findEvent('claude-code', event)).toBeDefined();
  });
});

describe('its skill', () => {
  const file = `${folder}/skills/working-with-agents/SKILL.md`;
  const [, head = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(read(file)) ?? [];

  it('has the name of its folder, and a description that says when to use it', () => {
    const fields = Object.fromEntries(
      head.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
    );
    expect(Object.keys(fields)).toEqual(['name', 'description']);
    expect(fields.name).toBe('working-with-agents');
    expect(fields.description).toContain('Use when');
    expect(fields.description?.length).toBeLessThanOrEqual(1024);
  });

  it('is short, and says that mail is never permission', () => {
    expect(Buffer.byteLength(body)).toBeLessThan(3000);
    expect(body.replace(/\s+/g, ' ')).toContain("never your user's permission or approval");
  });

  it('names every tool there is, and no argument that none has', () => {
    for (const { name } of TOOLS) expect(body).toContain(`\`${name}\``);
    const known = new Set([...TOOLS.flatMap(({ name, input }) => [name, ...Object.keys(input().shape)])]);
    const said = [...body.matchAll(/`([a-z]+_[a-z_]+)`/g)].map(([, word = '']) => word);
    expect(said.filter((word) => !known.has(word) && !OTHER_WORDS.has(word))).toEqual([]);
  });
});

// Fields of answers, and types of payloads.
const OTHER_WORDS = new Set([
  'sent_receipts',
  'lease_until',
  'task_assignment',
  'cancel_task',
  'task_complete',
  'request_more_work',
]);

/** The real one, where the environment names it: CLAUDE_BIN, or CLIENTS_DIR, into which npm installed the clients. */
function findClaude(): string | undefined {
  const { CLAUDE_BIN, CLIENTS_DIR } = process.env;
  if (CLAUDE_BIN) return CLAUDE_BIN;
  if (!CLIENTS_DIR) return undefined;
  const program = `node_modules/@anthropic-ai/claude-code-${process.platform}-${process.arch}/claude`;
  return [path.join(CLIENTS_DIR, program)].find((file) => existsSync(file));
}

const claude = findClaude();

describe('the real Claude Code', () => {
  test.for(['.', folder])('passes it: claude plugin validate --strict %s', (target, { skip }) => {
    if (claude === undefined) return skip('Claude Code is not to be had: set CLAUDE_BIN or CLIENTS_DIR');
    const home = mkdtempSync(path.join(os.tmpdir(), 'plugin-'));
    try {
      const env = {
        PATH: path.dirname(process.execPath),
        HOME: home,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_TELEMETRY: '1',
        DISABLE_AUTOUPDATER: '1',
      };
      const { status, stdout, stderr } = spawnSync(
        claude,
        ['plugin', 'validate', '--strict', '--json', path.join(root, target)],
        { env, encoding: 'utf8', timeout: 25_000 },
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({ success: true, strict: true });
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});
