/**
 * Writes what comes from elsewhere: into the README the tools, the configuration and the commands, as the code has them, and the
 * table of docs/clients.md; into the manifests the version of package.json.
 *
 *   node scripts/docs.mjs           brings them up to date
 *   node scripts/docs.mjs --check   changes nothing; exit code 1 when one is not up to date
 *
 * A part of the README stands between `<!-- name -->` and `<!-- /name -->`. test/docs.test.ts and test/versions.test.ts
 * render the same and fail on drift.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** What the parts are made of, as TypeScript: bundled here, and imported by the test. */
const SOURCES = `
  export { describeTool, TOOLS } from './src/mcp/tools.ts';
  export { renderConfigTable } from './src/config/table.ts';
  export { parse } from './src/cli/program.ts';
`;

/**
 * `readme` with each part as the code has it now.
 * @throws when a marker is missing or there twice: a part must not vanish unseen.
 */
export function renderReadme(readme, { clients, tools, config, commands }) {
  let text = readme;
  for (const [name, part] of Object.entries({ clients, tools, config, commands })) {
    const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->\n`];
    const [before, ...rest] = text.split(begin);
    const [, after, ...more] = rest.join(begin).split(end);
    if (rest.length !== 1 || after === undefined || more.length > 0) {
      throw new Error(`README.md must hold ${begin.trim()} and ${end.trim()} once each, in this order`);
    }
    text = `${before}${begin}\n${part.trim()}\n\n${end}${after}`;
  }
  return text;
}

/** The files whose every `version` is that of package.json. */
export const MANIFESTS = ['server.json', 'plugin/.claude-plugin/plugin.json'];

/** The text of a manifest with `version` in each place. @throws when it has no place for one. */
export function renderManifest(manifest, version) {
  const place = /("version": )"[^"]*"/g;
  if (manifest.search(place) === -1) throw new Error('a manifest must hold a "version"');
  return manifest.replace(place, (_, key) => key + JSON.stringify(version));
}

function renderTool({ name, title, description, inputSchema, annotations }) {
  const { properties = {}, required = [] } = inputSchema;
  const hints = annotations.readOnlyHint ? ' Read-only.' : '';
  return [
    `### \`${name}\`: ${lowerFirst(title)}`,
    '',
    `${description}${hints}`,
    '',
    '| argument | type | meaning |',
    '|---|---|---|',
    ...Object.entries(properties).map(([argument, schema]) =>
      row(`\`${argument}\`${required.includes(argument) ? ', required' : ''}`, typeOf(schema), schema.description),
    ),
    '',
  ].join('\n');
}

function typeOf({ type, items, enum: values }) {
  if (values !== undefined) return values.map((value) => `\`"${value}"\``).join(' or ');
  if (type === undefined) return 'any JSON';
  return type === 'array' ? `array of ${items.type}s` : type;
}

function row(...cells) {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function lowerFirst(text) {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** What `renderReadme` needs, from the sources as they are now. */
async function loadParts() {
  const esbuild = await import('esbuild');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-docs-'));
  try {
    const outfile = path.join(folder, 'sources.cjs');
    await esbuild.build({
      absWorkingDir: root,
      stdin: { contents: SOURCES, resolveDir: root, sourcefile: 'sources.ts' },
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      logLevel: 'warning',
      define: { 'import.meta.filename': '__filename', 'import.meta.dirname': '__dirname' },
    });
    return partsOf(createRequire(outfile)(outfile));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The table of the clients, whose numbers lead to the page that has the tests. */
function clientsTable(page) {
  const [table] = /^\| client \|(?:.*\n)+?(?=\n)/m.exec(page) ?? [];
  if (table === undefined) throw new Error('docs/clients.md must hold the table of the clients');
  return table.replace(/\[(\d+)\](?!\()/g, '[[$1]](docs/clients.md)');
}

/** The parts as Markdown, from what `SOURCES` exports. */
export function partsOf({ TOOLS, describeTool, renderConfigTable, parse }) {
  return {
    clients: clientsTable(readFileSync(path.join(root, 'docs/clients.md'), 'utf8')),
    tools: TOOLS.map((tool) => renderTool(describeTool(tool))).join('\n'),
    config: renderConfigTable(),
    commands: `\`\`\`text\n${parse(['--help'], '').out.trim()}\n\`\`\``,
  };
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  // Help is as wide as the terminal; what is written here is as wide as for a pipe, on every machine.
  Object.defineProperty(process.stdout, 'isTTY', { value: false });
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const parts = await loadParts();
  bringUpToDate('README.md', (text) => renderReadme(text, parts));
  for (const file of MANIFESTS) bringUpToDate(file, (text) => renderManifest(text, version));
}

function bringUpToDate(name, render) {
  const file = path.join(root, name);
  const text = readFileSync(file, 'utf8');
  const rendered = render(text);
  if (rendered === text) {
    process.stderr.write(`docs: ${name} is up to date\n`);
  } else if (process.argv.includes('--check')) {
    process.stderr.write(`docs: ${name} is not up to date: npm run docs\n`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, rendered);
    process.stderr.write(`docs: wrote ${name}\n`);
  }
}
