/** The docs say what the code says: generated parts, links, and the names of files, settings, fields and errors. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from '../src/cli/program.js';
import { SETTINGS } from '../src/config/schema.js';
import { renderConfigTable } from '../src/config/table.js';
import { describeTool, TOOLS } from '../src/mcp/tools.js';

interface DocsScript {
  partsOf(sources: object): { readonly [name: string]: string };
  renderReadme(readme: string, parts: { readonly [name: string]: string }): string;
}

const root = fileURLToPath(new URL('../', import.meta.url));
const script = (await import(new URL('../scripts/docs.mjs', import.meta.url).href)) as DocsScript;
const parts = () => script.partsOf({ TOOLS, describeTool, renderConfigTable, parse });

const pages = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...under('docs')].filter((file) => file.endsWith('.md'));
const sources = textOf('src');
// Who works on the project is told of variables that its tests read.
const tests = textOf('test/proof') + textOf('test/real-clients');

describe('README.md', () => {
  it('has the tools, the configuration and the commands as the code has them (npm run docs writes them)', () => {
    expect(read('README.md')).toBe(script.renderReadme(read('README.md'), parts()));
  });

  it('names every tool with its arguments, every setting and every command', () => {
    const { tools = '', config = '', commands = '' } = parts();
    for (const { name, input } of TOOLS) {
      expect(tools).toContain(`### \`${name}\``);
      for (const argument of Object.keys(input().shape)) expect(tools).toContain(`| \`${argument}\``);
    }
    for (const { key } of SETTINGS) expect(config).toContain(`| \`${key}\` |`);
    for (const command of ['send', 'inbox', 'ack', 'who', 'forget', 'config', 'demo']) {
      expect(commands).toMatch(new RegExp(`^ +${command}\\b`, 'm'));
    }
  });
});

describe('the guarantees', () => {
  const [, promised = ''] = /\*\*Promised\*\*\n([\s\S]*?)\*\*Not promised\*\*/.exec(read('README.md')) ?? [];
  const items = promised.split(/^- /m).slice(1);

  it('each name the tests that show them', () => {
    expect(items.length).toBeGreaterThan(10);
    expect(items.filter((item) => !/`test\/[\w./-]+\.test\.ts`/.test(item))).toEqual([]);
  });
});

describe('renderReadme', () => {
  const readme = ['clients', 'tools', 'config', 'commands']
    .map((name) => `<!-- ${name} -->\n<!-- /${name} -->\n`)
    .join('text\n');
  const some = { clients: 'L', tools: 'T $& $1', config: 'C', commands: 'M' };

  it('replaces what is between the markers and nothing else, as often as it runs', () => {
    const once = script.renderReadme(readme, some);
    expect(once).toContain(
      '<!-- tools -->\n\nT $& $1\n\n<!-- /tools -->\ntext\n<!-- config -->\n\nC\n\n<!-- /config -->',
    );
    expect(script.renderReadme(once, some)).toBe(once);
    expect(script.renderReadme(once.replace('\nC\n', '\nold\n'), some)).toBe(once);
  });

  it.each([
    ['a begin', readme.replace('<!-- config -->\n', '')],
    ['an end', readme.replace('<!-- /config -->\n', '')],
    ['a marker that is there once', `${readme}<!-- tools -->\n<!-- /tools -->\n`],
  ])('refuses a page without %s', (_, broken) => {
    expect(() => script.renderReadme(broken, some)).toThrow('README.md must hold');
  });
});

describe.each(pages)('%s', (page) => {
  const text = read(page);

  it('links to files and headings that exist', () => {
    const dead = [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
      if (/^[a-z]+:/.test(target)) return [];
      const [file = '', heading] = target.split('#');
      const linked = file === '' ? page : path.posix.join(path.posix.dirname(page), file);
      if (!existsSync(path.join(root, linked))) return [target];
      return heading === undefined || headings(read(linked)).includes(heading) ? [] : [target];
    });
    expect(dead).toEqual([]);
  });

  it('names files of the project that exist', () => {
    const named = inlineCode(text).flatMap((code) => /^(?:src|test|scripts|bench|docs)\/[\w./-]*$/.exec(code) ?? []);
    expect(named.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  });

  it('names settings, fields, error codes and variables that the code knows', () => {
    const names = inlineCode(text).flatMap(
      (code) => code.match(/\b(?:[a-z]+(?:_[a-z]+)+|[A-Z]+(?:_[A-Z]+)+)\b/g) ?? [],
    );
    const known = page === 'CONTRIBUTING.md' ? sources + tests : sources;
    const unknown = names.filter((name) => !OTHERS.has(name) && !new RegExp(`\\b${name}\\b`).test(known));
    expect(unknown).toEqual([]);
  });

  it('sets only settings that exist', () => {
    const keys = inlineCode(text).flatMap((code) => /^([a-z_.]+) = /.exec(code)?.[1] ?? []);
    // A key of a table by its dotted name, or by its own as below the [table].
    const known = [...SETTINGS.flatMap(({ key }) => [key, key.split('.').at(-1) ?? key]), ...OTHERS];
    expect(keys.filter((key) => !known.includes(key))).toEqual([]);
  });
});

/** Names of other programs' settings, and of what is announced as not there. */
const OTHERS = new Set(['required', 'env_vars', 'daemon_auto_start', 'idempotency_key']);

function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}

function under(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? under(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
  );
}

function textOf(folder: string): string {
  return under(folder)
    .map((file) => read(file))
    .join('\n');
}

/** What stands in backticks, outside of code blocks. */
function inlineCode(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** The anchors of a page's headings, as GitHub makes them. */
function headings(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
