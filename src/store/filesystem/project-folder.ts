/** Finds the project that a folder belongs to, as git would, without asking git: a start must not wait for a process. */
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { lazyBuiltin } from '../../model/lazy-builtin.js';
import { fitName, type Project } from '../../model/project.js';
import type { Files } from './files.js';

const crypto = lazyBuiltin<typeof import('node:crypto')>('node:crypto');

// A path and "gitdir: ".
const MOST_BYTES = 8192;

/**
 * 1. The project is the nearest folder from `cwd` upwards with a `.git`, file or folder; else `cwd` itself. The home
 *    directory and the root of the file system are a project only for who works in them: a home that is under version
 *    control, as for dotfiles, is not the project of all that is in it.
 * 2. A `.git` that is a file and points into `worktrees/` is that of a worktree: it is named after the repository and its
 *    own folder, `webapp-fix`, or by the folder alone where that begins with the repository's name.
 * 3. Any other `.git`, also one that makes no sense, says no more than that the project begins here.
 *
 * What cannot be looked at is taken to be not there. @param cwd undefined where it was removed.
 */
export function findProject(cwd: string | undefined, home: string | undefined, files: Files): Project {
  if (cwd === undefined) return projectAt('', 'agent');
  const path = findTop(cwd, home, files) ?? cwd;
  if (path === home) return projectAt(path, 'home');
  const folder = basename(path);
  const repository = findRepository(path, files);
  if (repository === undefined) return projectAt(path, folder);
  const name = fitName(basename(repository).replace(/\.git$/, ''));
  const own = fitName(folder);
  return {
    path,
    name: own === name || own.startsWith(`${name}-`) ? own : fitName(`${name}-${folder}`),
    repository: { path: repository, name },
  };
}

/** Where the relay of a repository is below the relay directory. In a folder with a dot, so that it is no agent's inbox. */
export function projectRelayPath(relayDir: string, { path, name }: Project['repository']): string {
  const hash = crypto().createHash('sha256').update(path).digest('hex').slice(0, 8);
  return join(relayDir, '.projects', `${name}-${hash}`);
}

function projectAt(path: string, folder: string): Project {
  const name = fitName(folder);
  return { path, name, repository: { path, name } };
}

function findTop(cwd: string, home: string | undefined, files: Files): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (folder !== cwd && (folder === home || folder === dirname(folder))) return undefined;
    if (isThere(join(folder, '.git'), files)) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

/** The folder of the repository that a worktree belongs to; undefined for what is no worktree. */
function findRepository(path: string, files: Files): string | undefined {
  const text = readText(join(path, '.git'), files);
  const [, written] = /^gitdir: ([^\0\n]+)\n*$/.exec(text ?? '') ?? [];
  if (written === undefined) return undefined;
  const administration = resolve(path, written.trimEnd());
  const worktrees = dirname(administration);
  const repository = dirname(worktrees);
  if (basename(worktrees) !== 'worktrees' || !isAbsolute(repository)) return undefined;
  // `webapp/.git`, and `webapp/.bare` of those who keep worktrees only; a bare `webapp.git` stands for itself.
  return basename(repository).startsWith('.') ? dirname(repository) : repository;
}

function readText(path: string, files: Files): string | undefined {
  try {
    const read = files.readSafely(path, MOST_BYTES);
    return read?.ok === true ? Buffer.from(read.bytes).toString('utf8') : undefined;
  } catch {
    return undefined;
  }
}

function isThere(path: string, files: Files): boolean {
  try {
    return files.kindOf(path) !== 'missing';
  } catch {
    return false;
  }
}
