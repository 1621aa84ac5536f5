/** What dist/mcp-dispatch.cjs loads, with the code cache of a part of a few lines beside it, and with the real one. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { codeCacheOf } from '../../scripts/code-cache.mjs';
import { SERVER } from '../helpers/server-sandbox.js';

const PART = `
const other = () => require('./other.cjs');
exports.warm = () => {};
exports.main = () => {
  const said = { once: other().main === exports.main, paths: [__filename, __dirname, other().of, module.filename] };
  process.stdout.write(JSON.stringify({ ...said, at: new Error('here').stack.split('\\n')[1] }));
};
`;

// Says on stderr whether V8 took what it was given; without a code cache, nothing is made of it here.
const SPY = `
const vm = require('node:vm');
const { Script } = vm;
vm.Script = class extends Script {
  constructor(...args) {
    super(...args);
    process.stderr.write(this.cachedDataRejected ? 'rejected' : 'used');
  }
};
`;

let folder: string;
let cache: Buffer;
beforeAll(async () => {
  cache = Buffer.from(await codeCacheOf('main.cjs', Buffer.from(PART), { call: 'warm', args: [], input: '' }));
});
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-cache-')));
  copyFileSync(SERVER, path.join(folder, 'mcp-dispatch.cjs'));
  writeFileSync(path.join(folder, 'main.cjs'), PART);
  writeFileSync(
    path.join(folder, 'other.cjs'),
    `const { main } = require('./main.cjs');\nmodule.exports = { main, of: __filename };\n`,
  );
  writeFileSync(path.join(folder, 'spy.cjs'), SPY);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start({
  file = path.join(folder, 'mcp-dispatch.cjs'),
  flags = [] as string[],
  argv = [] as string[],
  input = '',
} = {}) {
  const { PATH, SystemRoot } = process.env;
  const home = { HOME: folder, USERPROFILE: folder, MCP_DISPATCH_DIR: path.join(folder, 'relay') };
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--require', path.join(folder, 'spy.cjs'), ...flags, file, ...argv],
    { input, encoding: 'utf8', env: { PATH, SystemRoot, ...home } },
  );
  return { status, stdout, stderr };
}

const writeCache = (bytes: Uint8Array) => writeFileSync(path.join(folder, 'main.cjs.cache'), bytes);

/** What the part says when Node loads it by itself. */
function loadedByNode() {
  const { status, stdout, stderr } = start();
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

describe('a part with its code cache', () => {
  it('is loaded from it, and is what it is without: one instance, its paths, its lines', () => {
    const expected = loadedByNode();
    const said = JSON.parse(expected);
    expect(said).toEqual({
      once: true,
      at: `    at exports.main (${path.join(folder, 'main.cjs')}:6:54)`,
      paths: [path.join(folder, 'main.cjs'), folder, path.join(folder, 'other.cjs'), path.join(folder, 'main.cjs')],
    });
    writeCache(cache);
    const { status, stdout, stderr } = start();
    expect([status, stderr]).toEqual([0, 'used']);
    expect(JSON.parse(stdout)).toEqual({ ...said, at: '    at exports.main (dist/main.cjs:6:54)' });
  });

  it.skipIf(process.platform === 'win32')(
    'is loaded from it through a link, out of a place that is not written to',
    () => {
      writeCache(cache);
      const link = path.join(folder, 'mcp-dispatch');
      symlinkSync('mcp-dispatch.cjs', link);
      const files = readdirSync(folder);
      chmodSync(folder, 0o500);
      expect(start({ file: link })).toMatchObject({ status: 0, stderr: 'used' });
      chmodSync(folder, 0o700);
      expect(readdirSync(folder)).toEqual(files);
    },
  );

  it('is compiled where Node has other flags than at the build', () => {
    writeCache(cache);
    const { status, stdout, stderr } = start({ flags: ['--stack-size=900'] });
    expect([status, stderr]).toEqual([0, 'rejected']);
    expect(JSON.parse(stdout)).toMatchObject({ once: true, at: '    at exports.main (dist/main.cjs:6:54)' });
  });
});

describe('a code cache is passed over, and its part loaded as ever, when', () => {
  const build = () => cache.subarray(cache.lastIndexOf(`${process.version} `));

  it.each<[string, () => Uint8Array]>([
    ['it is empty', () => new Uint8Array()],
    ['it is cut short', () => cache.subarray(0, cache.length - 1)],
    ['its beginning is missing', () => cache.subarray(8)],
    ['it is of another version of Node', () => renamed(process.version)],
    ['it is of another build of this version', () => renamed(` ${process.arch} `)],
    ['a byte of what V8 made is another', () => flipped(cache, 100)],
    [
      'its end was never written to the disk',
      () => Buffer.from(cache).fill(0, cache.length >> 1, cache.length - build().length),
    ],
  ])('%s', (_, bytes) => {
    const expected = loadedByNode();
    writeCache(bytes());
    expect(start()).toEqual({ status: 0, stdout: expected, stderr: '' });
  });

  it('the part is another of the same length', () => {
    writeCache(cache);
    writeFileSync(path.join(folder, 'main.cjs'), PART.replace("Error('here')", "Error('HERE')").replace('at:', 'AT:'));
    const { status, stdout, stderr } = start();
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toHaveProperty('AT');
  });

  /** Made by a Node of whose name one character is another. */
  function renamed(part: string): Buffer {
    const name = build().toString('latin1');
    const at = cache.length - name.length + name.indexOf(part) + 1;
    expect(name).toContain(part);
    return flipped(cache, at);
  }

  function flipped(bytes: Buffer, at: number): Buffer {
    const other = Buffer.from(bytes);
    other.writeUInt8(other.readUInt8(at) ^ 0x55, at);
    return other;
  }
});

it('the server as it is built is loaded from its code cache by the Node that built it, and does its work', () => {
  const dist = path.join(folder, 'dist');
  cpSync(path.dirname(SERVER), dist, { recursive: true });
  const request = (id: number, method: string, params = {}) =>
    `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;
  const clientInfo = { name: 'test', version: '1' };
  const input = [
    request(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }),
    request(2, 'tools/list'),
    request(3, 'tools/call', { name: 'who', arguments: {} }),
  ].join('');
  const { status, stdout, stderr } = start({ file: path.join(dist, 'mcp-dispatch.cjs'), input });
  expect([status, stderr.startsWith('used')]).toEqual([0, true]);
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(answers.map(({ id, error }) => [id, error])).toEqual([
    [1, undefined],
    [2, undefined],
    [3, undefined],
  ]);
  expect(answers[2].result.structuredContent.self).toBeDefined();
});

it('a command as it is built is loaded from its code cache, and does its work', () => {
  const { status, stdout, stderr } = start({ file: SERVER, argv: ['send', 'bob', 'hello', '--from', 'ci', '--json'] });
  expect([status, stderr]).toEqual([0, 'used']);
  expect(JSON.parse(stdout)).toMatchObject({ to: 'bob', from: 'ci' });
});
