/**
 * A part of the program with what V8 made of it when it was built, so that it is not read through and compiled again at
 * each start, which is a third of the time that one takes. `scripts/code-cache.mjs` makes the file beside the part:
 *
 *     what V8 made . SHA-256 of that and of the part, 64 hex digits . for which Node, as `build` has it
 *
 * Where there is no such file, or it is not of this part, of this Node and whole, the part is loaded as ever.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import path from 'node:path';
import { Script } from 'node:vm';

const DIGEST_LENGTH = 64;

/** Loads the part with this file name; `require` has it then. Does nothing where there is no code cache that fits. */
export function loadCompiled(part: string): void {
  const file = path.join(import.meta.dirname, part);
  const script = readScript(file);
  if (script === undefined) return;
  const loaded = new Module(file);
  loaded.filename = file;
  const require = createRequire(file);
  require.cache[file] = loaded;
  try {
    script.runInThisContext()(loaded.exports, require, loaded, file, import.meta.dirname);
    loaded.loaded = true;
  } catch (error) {
    delete require.cache[file];
    throw error;
  }
}

function readScript(file: string): Script | undefined {
  try {
    const cache = readFileSync(`${file}.cache`);
    const source = readFileSync(file);
    const cachedData = unpacked(cache, source);
    return cachedData === undefined ? undefined : scriptOf(source, file, cachedData);
  } catch {
    return undefined;
  }
}

/**
 * The part as V8 has it, compiled now where V8 rejects the data: that of the same V8 with other flags. Stack traces name the
 * file that is in the data, so it is the same wherever the part is built.
 */
export function scriptOf(source: Buffer, file: string, cachedData?: Buffer): Script {
  // Parts are ASCII; of this V8 keeps a byte a character.
  return new Script(Module.wrap(source.toString('latin1')), { filename: `dist/${path.basename(file)}`, cachedData });
}

/** The file for `source`, of what V8 made of it in this process. */
export function packed(data: Buffer, source: Buffer): Buffer {
  return Buffer.concat([data, Buffer.from(digest(data, source) + build(), 'latin1')]);
}

// V8 compares the length of a source, and does not look whether its data is whole: damaged data ends the process.
function unpacked(file: Buffer, source: Buffer): Buffer | undefined {
  const end = file.length - build().length;
  if (file.toString('latin1', end) !== build()) return undefined;
  const data = file.subarray(0, end - DIGEST_LENGTH);
  return file.toString('latin1', data.length, end) === digest(data, source) ? data : undefined;
}

function digest(data: Buffer, source: Buffer): string {
  return createHash('sha256').update(data).update(source).digest('hex');
}

/** Two builds of one version of Node can differ in how V8 is built: those of nodejs.org say where they are from. */
function build(): string {
  const { arch, execPath, platform, release, version, versions } = process;
  return `${version} ${versions.v8} ${platform} ${arch} ${release.sourceUrl ?? execPath}`;
}
