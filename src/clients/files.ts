/**
 * The files of other programs, and the one place where this room touches the disk. What is written is replaced in one step,
 * so that a client that reads meanwhile sees the old file or the new one; a link is followed and stays, and so does the mode.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { errnoOf } from '../model/errors.js';
import { SetupProblem } from './setup-problem.js';

// Claude Code keeps a history in its file, which grows to a few MB.
const MAX_BYTES = 32 * 1024 * 1024;

/** What a file holds, with a byte order mark where it has one; undefined when there is none. @throws SetupProblem */
export function readText(file: string): string | undefined {
  let fd: number;
  try {
    // O_NONBLOCK (absent on Windows): opening a FIFO must not wait for a writer.
    fd = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && !isLink(file)) return undefined;
    throw problem(file, error, 'cannot be read');
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new SetupProblem(file, 'this is not a regular file. It was left alone.');
    if (stat.size > MAX_BYTES) throw new SetupProblem(file, `larger than ${MAX_BYTES} bytes. It was left alone.`);
    const bytes = readFileSync(fd);
    // ignoreBOM keeps the mark in the text, so that it is written again.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof SetupProblem) throw error;
    if (error instanceof TypeError) throw new SetupProblem(file, 'not valid UTF-8. It was left alone.', error);
    throw problem(file, error, 'cannot be read');
  } finally {
    closeSync(fd);
  }
}

/**
 * Makes `file` hold `text`, or removes it where that is undefined, but only if it still holds `before`.
 * Atomic and durable; folders above a new file are made. @throws SetupProblem, and nothing is changed.
 */
export function replaceText(file: string, before: string | undefined, text: string | undefined): void {
  if (readText(file) !== before) {
    throw new SetupProblem(file, 'changed while it was being edited, by another program. Run the command again.');
  }
  try {
    if (text === undefined) rmSync(file);
    else if (before === undefined) create(file, text);
    else replace(realpathSync(file), text);
  } catch (error) {
    throw problem(file, error, 'cannot be written');
  }
}

/** A copy of `file` beside it, as `name`, with its mode. Never replaces one. @throws SetupProblem */
export function copyBeside(file: string, name: string): string {
  const copy = path.join(path.dirname(file), name);
  try {
    const mode = statSync(file).mode & 0o777;
    // Never more than that, from the first moment on: it may hold secrets.
    writeFileSync(copy, readFileSync(file), { flag: 'wx', mode });
    chmodSync(copy, mode);
    return copy;
  } catch (error) {
    throw problem(copy, error, 'the copy of the file as it is cannot be written');
  }
}

export function removeFile(file: string): void {
  try {
    rmSync(file);
  } catch (error) {
    throw problem(file, error, 'cannot be removed');
  }
}

/** Removes a folder that is empty; any other, and one that is not there, stays as it is. */
export function removeEmptyFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(errno))
      throw problem(folder, error, 'cannot be removed');
  }
}

/** The names in a folder; none where it cannot be listed. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function exists(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/** Where `file` really is, with every link followed; `file` itself where that cannot be said. */
export function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/** The program that `name` means on this PATH; undefined when there is none. */
export function findProgram(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const endings = process.platform === 'win32' ? (env.PATHEXT ?? '.COM;.EXE;.BAT;.CMD').split(';') : [''];
  for (const folder of (env.PATH ?? env.Path ?? '').split(path.delimiter)) {
    if (!path.isAbsolute(folder)) continue;
    for (const ending of endings) {
      const file = path.join(folder, name + ending);
      if (isProgram(file)) return file;
    }
  }
  return undefined;
}

/** A new folder for files that are needed for a moment; `remove` it. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-check-')));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

function create(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  write(file, text, 0o600);
}

function replace(target: string, text: string): void {
  write(target, text, statSync(target).mode & 0o777);
}

function write(target: string, text: string, mode: number): void {
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    const fd = openSync(temporary, 'wx', mode);
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    // The umask has taken bits of the mode away.
    chmodSync(temporary, mode);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

export function isLink(file: string): boolean {
  try {
    return lstatSync(file).isSymbolicLink();
  } catch {
    return false;
  }
}

function problem(file: string, error: unknown, what: string): SetupProblem {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  if (errno === 'ENOENT' && isLink(file)) {
    return new SetupProblem(file, 'a symbolic link that leads nowhere. It was left alone.', error);
  }
  return new SetupProblem(file, `${what}: ${MEANINGS[errno] ?? 'the system refuses'} (${errno}).`, error);
}

const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'what should be a folder above it is a file',
  EISDIR: 'it is a folder',
  EEXIST: 'something is there already',
  ENOSPC: 'the disk is full',
  ENOENT: 'it is not there',
};
