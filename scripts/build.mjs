/**
 * Builds dist/, the whole program, and dist/THIRD-PARTY-LICENSES.txt, the licences of what is in it:
 *
 *     mcp-dispatch.cjs   what is started: loads one of the others
 *     main.cjs           the server
 *     command.cjs        the commands
 *     hook.cjs           `mcp-dispatch hook`, for which a model waits at each step
 *     keeper.cjs         what a worker starts beside itself, and what programs of executors run under
 *     worker.cjs         the module `mcp-dispatch/worker`, and worker.d.cts, its types
 *     *.cjs.cache        what V8 made of such a file, for starts with the Node that built it (src/code-cache.ts)
 *
 * Several files, because Node reads through all of a file before it runs the first line of it: of all of them together that
 * takes as long as to start Node. CommonJS because it starts about 10 ms sooner than ESM does.
 *
 * A build that would ship the wrong thing fails: a package without a licence that allows it, the 60 languages of zod,
 * anything esbuild warns about.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { codeCacheOf } from './code-cache.mjs';
import { lazySchemas } from './lazy-schemas.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const dist = path.join(root, 'dist');

const ALLOWED_LICENSES = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'BlueOak-1.0.0']);

// A client's first words, and the first calls of a model that sends mail and gets some: nearly all of the server that is run in
// its first second.
const FIRST_CALLS = [
  {
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'build', version: '1' } },
  },
  { method: 'notifications/initialized' },
  { id: 2, method: 'tools/list' },
  { id: 3, method: 'tools/call', params: { name: 'dispatch', arguments: { target: 'alice', message: 'hello' } } },
  { id: 4, method: 'tools/call', params: { name: 'peek', arguments: {} } },
  { id: 5, method: 'tools/call', params: { name: 'ack', arguments: { message_ids: ['msg-1'] } } },
]
  .map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  .join('');

// It needs about what the other commands need.
const SEND = ['send', 'bob', 'hello', '--from', 'build'];

/** The files of the program, and what a start of one does where starts must be quick; the one that loads the others is replaced last. */
const PROGRAM = [
  // A hook neither watches nor locks.
  { entry: 'src/hook-main.ts', file: 'hook.cjs', external: ['chokidar', 'proper-lockfile'] },
  { entry: 'src/main.ts', file: 'main.cjs', start: { call: 'main', args: [], input: FIRST_CALLS } },
  { entry: 'src/command-main.ts', file: 'command.cjs', start: { call: 'commandMain', args: [SEND], input: '' } },
  // It stands by for as long as a worker does.
  { entry: 'src/keeper-main.ts', file: 'keeper.cjs' },
  { entry: 'src/worker-main.ts', file: 'worker.cjs' },
  { entry: 'src/bin.ts', file: 'mcp-dispatch.cjs' },
];

/** Throws, and leaves dist/ as it was, when anything is wrong. Readers of dist/ see the old file or the new one. */
export async function build() {
  const startedAt = new Date();
  const { version } = readJson(path.join(root, 'package.json'));
  const built = [];
  for (const part of PROGRAM) built.push(...(await bundle(part, version)));
  const files = [...new Set(built.flatMap(({ inputs }) => inputs))];
  assertNoLocales(files);
  const licenses = licenseTexts(files);

  mkdirSync(dist, { recursive: true });
  await replaceFile(path.join(dist, 'THIRD-PARTY-LICENSES.txt'), licenses, 0o644, startedAt);
  await replaceFile(path.join(dist, 'worker.d.cts'), typesOfWorker(), 0o644, startedAt);
  // The last one dated to when the sources were read: scripts/setup.mjs compares this date with theirs.
  const kept = new Set(built.map(({ file }) => file));
  for (const file of readdirSync(dist).filter((name) => name.endsWith('.cache') && !kept.has(name)))
    rmSync(path.join(dist, file));
  for (const { file, contents, mode } of built) await replaceFile(path.join(dist, file), contents, mode, startedAt);
  return { bytes: built.reduce((sum, { contents }) => sum + contents.length, 0) };
}

async function bundle({ entry, file, start, external = [] }, version) {
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: `dist/${file}`,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external,
    // `import()` of a file goes through the loader of ES modules, which takes 20 ms to get ready.
    supported: { 'dynamic-import': false },
    plugins: [otherParts(entry), lazySchemas(root)],
    // Names are kept: shortening them too saves a third of the bytes and, measured over 100 starts, 0 to 2 ms of 75;
    // with them the stack trace in a bug report can be read.
    minifySyntax: true,
    minifyWhitespace: true,
    // An uncaught error prints the line it was thrown from, which must not be the whole program.
    lineLimit: 200,
    legalComments: 'none',
    logLevel: 'warning',
    define: {
      __VERSION__: JSON.stringify(version),
      // What a client is told to start, whichever file asks.
      'import.meta.filename': '__program',
      'import.meta.dirname': '__dirname',
    },
    banner: { js: 'const __program=require("node:path").join(__dirname,"mcp-dispatch.cjs");' },
    alias: {
      // Its build for Node loads all of node:crypto at start, 2 ms; this one loads nothing, and is given its random bytes.
      nanoid: './node_modules/nanoid/index.browser.js',
      // It replaces functions of node:fs for the whole process. proper-lockfile, which loads it, is given other calls.
      'graceful-fs': 'node:fs',
      // Its build for Node hides its parts from the bundler.
      'jsonc-parser': './node_modules/jsonc-parser/lib/esm/main.js',
      ajv: './scripts/stubs/ajv.mjs',
      'ajv-formats': './scripts/stubs/ajv-formats.mjs',
      'zod/v3': './scripts/stubs/zod-v3.mjs',
      'zod-to-json-schema': './scripts/stubs/zod-to-json-schema.mjs',
    },
  });
  if (result.warnings.length > 0) throw new Error('the bundle has warnings, see above');
  const [code] = result.outputFiles;
  const [output] = Object.values(result.metafile.outputs);
  // A module of which nothing is left after tree shaking is not shipped.
  const inputs = Object.entries(output.inputs).flatMap(([name, { bytesInOutput }]) =>
    bytesInOutput > 0 ? [name] : [],
  );
  const { contents } = code;
  const built = [{ file, contents, inputs, mode: 0o755 }];
  if (start === undefined) return built;
  return [
    ...built,
    { file: `${file}.cache`, contents: await codeCacheOf(file, contents, start), inputs: [], mode: 0o644 },
  ];
}

/** One part of the program loads another as the file that it becomes. */
function otherParts(entry) {
  return {
    name: 'other-parts',
    setup({ onResolve }) {
      onResolve({ filter: /^\.{1,2}\// }, ({ path: wanted, resolveDir }) => {
        const source = path
          .relative(root, path.resolve(resolveDir, wanted))
          .replaceAll(path.sep, '/')
          .replace(/\.js$/, '.ts');
        const part = PROGRAM.find((one) => one.entry === source);
        return part === undefined || source === entry ? undefined : { path: `./${part.file}`, external: true };
      });
    },
  };
}

/** `import { z } from 'zod'` keeps every language of zod's messages: twice the bundle, and 69 ms instead of 12. */
function assertNoLocales(files) {
  const kept = files.filter((file) => /\/zod\/v4\/locales\/(?!en\.|index\.)/.test(file));
  if (kept.length > 0) throw new Error(`${kept.length} zod locales are bundled: import * as z from 'zod/v4' instead`);
}

/** The types of the module, as they stand in the source, and its one value. */
function typesOfWorker() {
  const types = readFileSync(path.join(root, 'src/worker/api.ts'), 'utf8');
  if (/^import\b/m.test(types)) throw new Error('src/worker/api.ts is shipped as it stands, and imports something');
  return `${types}\nexport declare const runWorker: RunWorker;\n`;
}

/** Name, version and licence text of every package that the files belong to, sorted by name. */
function licenseTexts(files) {
  const directories = new Set();
  for (const file of files) {
    const found = /^(.*\/)?node_modules\/(@[^/]+\/)?[^/]+(?=\/)/.exec(file);
    if (found) directories.add(path.resolve(root, found[0]));
  }
  const sections = [...directories].map((directory) => {
    const { name, version, license } = readJson(path.join(directory, 'package.json'));
    if (!isAllowed(license)) {
      throw new Error(`${name}@${version} cannot be bundled: its license field is ${JSON.stringify(license)}`);
    }
    const texts = readdirSync(directory)
      .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
      .sort()
      .map((file) => readFileSync(path.join(directory, file), 'utf8').trim());
    if (texts.length === 0) texts.push(`The package carries no license file; its package.json says: ${license}`);
    return { name, text: `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n` };
  });
  sections.sort((a, b) => (a.name < b.name ? -1 : 1));
  const head = 'mcp-dispatch contains code of these packages, each under the license printed with it.\n';
  return [head, ...sections.map((section) => section.text)].join(`\n${'-'.repeat(80)}\n\n`);
}

/** True for one allowed licence, or a choice ("MIT OR GPL-2.0") that has one. No field, or any other wording, is not. */
function isAllowed(license) {
  if (typeof license !== 'string') return false;
  const choices = license.replace(/^\(|\)$/g, '').split(' OR ');
  return choices.some((choice) => ALLOWED_LICENSES.has(choice));
}

/** A server that starts meanwhile reads the old file or the new one, never a part. */
async function replaceFile(file, contents, mode, date) {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, contents, { mode });
    utimesSync(temporary, date, date);
    // Windows refuses while another process has the old file open, which takes milliseconds.
    for (let attempt = 1; ; attempt++) {
      try {
        renameSync(temporary, file);
        return;
      } catch (error) {
        if (process.platform !== 'win32' || attempt === 50) throw error;
        await delay(20);
      }
    }
  } finally {
    if (existsSync(temporary)) rmSync(temporary, { force: true });
  }
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { bytes } = await build();
  process.stderr.write(`build: dist/, ${Math.round(bytes / 1024)} KiB\n`);
}
