/**
 * A worktree as git is told of it: by the folder that the repository has for it, and by its path. Never by the `.git` file in
 * it, which a program that ran there may have written, and which could name a repository whose settings run programs.
 */
import { join, resolve } from 'node:path';
import type { Files } from '../store/filesystem/files.js';
import type { Git, GitCall, GitEnd } from './git.js';

export interface Place {
  /** The `.git` that the repository's worktrees share. */
  readonly repo: string;
  readonly path: string;
  /** Without `refs/heads/`. */
  readonly branch: string;
  readonly base: string;
}

// More worktrees than that are somebody's mistake, and looking on costs time.
const MOST_ENTRIES = 10_000;
const GITFILE_BYTES = 64 * 1024;

/** The repository's own folder for the worktree at `path`; undefined where there is none. */
export function findEntry(files: Files, { repo, path }: Pick<Place, 'repo' | 'path'>): string | undefined {
  const entries = join(repo, 'worktrees');
  return files
    .list(entries)
    .slice(0, MOST_ENTRIES)
    .map((name) => join(entries, name))
    .find((entry) => {
      const text = readLine(files, join(entry, 'gitdir'));
      return text !== undefined && resolve(entry, text) === join(path, '.git');
    });
}

/** Whether the `.git` file of the worktree is the one that git made for it. */
export function hasOwnGitFile(files: Files, { path }: Pick<Place, 'path'>, entry: string): boolean {
  // git itself would follow a link in the place of the worktree.
  if (files.kindOf(path) !== 'directory') return false;
  const text = readLine(files, join(path, '.git'));
  return text?.startsWith('gitdir: ') === true && resolve(path, text.slice('gitdir: '.length)) === entry;
}

/** git for the repository, without any tree. */
export function inRepository(git: Git, { repo }: Pick<Place, 'repo'>) {
  return (args: readonly string[], call: GitCall): Promise<GitEnd> => git.run([`--git-dir=${repo}`, ...args], call);
}

/** git for what the entry of a worktree holds, such as its HEAD. */
export function inEntry(git: Git, { repo }: Pick<Place, 'repo'>, entry: string) {
  return (args: readonly string[], { env, ...call }: GitCall): Promise<GitEnd> =>
    git.run([`--git-dir=${entry}`, ...args], { ...call, env: { ...env, GIT_COMMON_DIR: repo } });
}

/**
 * git for the files of the tree, by the repository's own settings: whatever the tree's `.git` says, and its entry, which who
 * commits there can write too. It needs an index.
 */
export function inTree(git: Git, { repo, path }: Pick<Place, 'repo' | 'path'>) {
  const run = inRepository(git, { repo });
  return (args: readonly string[], call: GitCall): Promise<GitEnd> =>
    run(['-C', path, `--work-tree=${path}`, ...args], call);
}

/** Whether the branch is the HEAD of any tree of the repository. Undefined where that could not be told. */
export async function isCheckedOut(
  git: Git,
  { repo, branch }: Pick<Place, 'repo' | 'branch'>,
  call: GitCall,
): Promise<boolean | undefined> {
  const args = ['for-each-ref', '--format=%(worktreepath)', `refs/heads/${branch}`];
  const { code, out } = await inRepository(git, { repo })(args, call);
  return code === 0 ? out.trim() !== '' : undefined;
}

/** The text of a small plain file, without the line feed at its end. */
function readLine(files: Files, path: string): string | undefined {
  try {
    const read = files.readSafely(path, GITFILE_BYTES);
    return read?.ok === true ? Buffer.from(read.bytes).toString('utf8').replace(/\n$/, '') : undefined;
  } catch {
    return undefined;
  }
}
