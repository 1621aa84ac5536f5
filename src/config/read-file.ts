/** The text of the configuration file, or why it cannot be trusted or read. For this one file only, never the relay. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { errnoOf } from '../model/errors.js';
import type { Problem } from './problem.js';

/** A settings file has a few lines. A larger one is a wrong path, and reading it would delay every start. */
export const MAX_CONFIG_BYTES = 1_048_576;

export type ConfigText = { readonly text: string } | { readonly problem: Problem } | { readonly missing: true };

/**
 * The text without a byte order mark; `missing` only when there is nothing at all at that path. Follows symlinks
 * (people keep their settings in a repository), but a link that leads nowhere is a problem: it was meant to lead
 * somewhere, and the roster it was meant to lead to would be ignored.
 */
export function readConfigText(path: string): ConfigText {
  const problem = (message: string): ConfigText => ({ problem: { path, message } });
  let fd: number;
  try {
    // O_NONBLOCK (absent on Windows): opening a FIFO must not wait for a writer.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') {
      return isThere(path) ? problem('the file is a symbolic link that leads nowhere.') : { missing: true };
    }
    if (errno === 'EISDIR') return problem(IS_A_DIRECTORY);
    if (errno === 'EACCES' || errno === 'EPERM')
      return problem(`the file cannot be read: permission denied (${errno}).`);
    return problem(`the file cannot be read: ${describe(error)}.`);
  }
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) return problem(IS_A_DIRECTORY);
    if (!stat.isFile()) return problem('this is not a regular file.');
    if (process.platform !== 'win32' && (stat.mode & 0o022) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(3, '0');
      const remedy = `Run: chmod go-w ${shellQuoted(path)}`;
      return problem(`other users can write this file (mode ${mode}), so its settings are not used. ${remedy}`);
    }
    const bytes = readUpTo(fd, MAX_CONFIG_BYTES + 1);
    if (bytes.length > MAX_CONFIG_BYTES) {
      return problem(`the file is larger than ${MAX_CONFIG_BYTES} bytes (1 MiB). Is this the right path?`);
    }
    const text = decode(bytes);
    if (text !== undefined) return { text };
    const message = 'the file is not valid UTF-8. Save it as UTF-8.';
    return { problem: { path, line: firstBadLine(bytes), message } };
  } catch (error) {
    return problem(`the file cannot be read: ${describe(error)}.`);
  } finally {
    closeSync(fd);
  }
}

const IS_A_DIRECTORY = 'this is a directory, not a file. Name the file in it, for instance config.toml.';

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Not by the size that stat tells: the file may grow meanwhile. */
function readUpTo(fd: number, limit: number): Buffer {
  const chunks: Buffer[] = [];
  for (let total = 0; total < limit; ) {
    const chunk = Buffer.alloc(Math.min(65_536, limit - total));
    const count = readSync(fd, chunk, 0, chunk.length, null);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  return Buffer.concat(chunks);
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A line feed byte is never part of a longer UTF-8 character, so lines can be judged one by one. */
function firstBadLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const feed = bytes.indexOf(0x0a, start);
    const end = feed === -1 ? bytes.length : feed + 1;
    if (decode(bytes.subarray(start, end)) === undefined) return line;
    start = end;
  }
  return line;
}

function describe(error: unknown): string {
  return errnoOf(error) ?? (error instanceof Error ? error.message : String(error));
}

function shellQuoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
