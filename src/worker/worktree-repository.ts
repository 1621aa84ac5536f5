/** The operator's repository that a folder belongs to, as far as a worktree of it needs to know. Nothing is changed there. */
import { basename, join } from 'node:path';
import { sha256 } from '../model/digest.js';
import type { Files } from '../store/filesystem/files.js';
import { type Git, type GitEnd, isPassing, wordsOf } from './git.js';

const LOOK_MS = 30_000;

export interface Repository {
  /** Absolute, without links: the `.git` that all its worktrees share. */
  readonly commonDir: string;
  /** Where git is run for it: the tree that the folder is in, or the repository itself where it is bare. */
  readonly root: string;
  /** The folder within that tree, with a slash at its end; empty for the tree itself. */
  readonly prefix: string;
  /** The commit of HEAD. */
  readonly head: string;
  /** How many paths of the tree differ from that commit, or are not tracked; undefined where it took too long to tell. */
  readonly dirty: number | undefined;
  /** What a person is in the middle of there, such as a rebase. */
  readonly underway: string | undefined;
}

/** Why there is no worktree. `never`: the job cannot be done so at all; else it may be possible later. */
export class NoWorktree extends Error {
  constructor(
    message: string,
    readonly never: boolean,
  ) {
    super(message);
  }
}

/** What git leaves in its folder while something is in the middle. */
const UNDERWAY: readonly (readonly [name: string, what: string])[] = [
  ['rebase-merge', 'a rebase'],
  ['rebase-apply', 'a rebase'],
  ['MERGE_HEAD', 'a merge'],
  ['CHERRY_PICK_HEAD', 'a cherry-pick'],
  ['REVERT_HEAD', 'a revert'],
  ['BISECT_LOG', 'a bisection'],
];

/** @throws NoWorktree where there is none, or none with a commit */
export async function findRepository(git: Git, files: Files, cwd: string, signal?: AbortSignal): Promise<Repository> {
  const run = (...args: readonly string[]) => git.run(['-C', cwd, ...args], { limitMs: LOOK_MS, signal });
  if (!isFolder(files, cwd)) throw new NoWorktree(`the folder ${cwd} is gone`, false);
  const looked = await run(
    'rev-parse',
    '--path-format=absolute',
    '--git-common-dir',
    '--absolute-git-dir',
    '--is-bare-repository',
    '--is-inside-work-tree',
    '--show-prefix',
  );
  if (looked.code !== 0)
    throw failed(looked, `${cwd}, where its executor runs, is in no git repository that can be used`);
  const [common = '', gitDir = '', bare, inside, prefix = '', ...more] = looked.out.split('\n');
  if (more.length > 1) throw new NoWorktree(`the path of the repository of ${cwd} holds a line feed`, true);
  if (bare !== 'true' && inside !== 'true')
    throw new NoWorktree(`${cwd} is in the folder of a git repository, not in its tree`, true);
  const root = bare === 'true' ? gitDir : await topOf(run, cwd);
  const head = await run('rev-parse', '--verify', '--quiet', 'HEAD^{commit}');
  if (head.ended !== undefined) throw failed(head, 'git did not tell its commit');
  if (head.code !== 0) throw new NoWorktree(`the repository ${root} has no commit to start from`, true);
  return {
    commonDir: files.realPath(common),
    root,
    prefix,
    head: head.out.trim(),
    dirty: bare === 'true' ? 0 : await countEdits(run),
    underway: UNDERWAY.find(([name]) => files.kindOf(join(gitDir, name)) !== 'missing')?.[1],
  };
}

/** Names the repository in the path of its worktrees: for people by its folder, and for certain by a hash. */
export function repositoryFolder({ commonDir, root }: Pick<Repository, 'commonDir' | 'root'>): string {
  const name = basename(root)
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 40);
  return `${name === '' ? 'repository' : name}-${sha256(commonDir).slice(0, 8)}`;
}

async function topOf(run: (...args: readonly string[]) => Promise<GitEnd>, cwd: string): Promise<string> {
  const top = await run('rev-parse', '--show-toplevel');
  if (top.code !== 0) throw failed(top, `the tree of ${cwd} cannot be found`);
  return top.out.replace(/\n$/, '');
}

async function countEdits(run: (...args: readonly string[]) => Promise<GitEnd>): Promise<number | undefined> {
  const status = await run(
    'status',
    '--porcelain',
    '-z',
    '--no-renames',
    '--untracked-files=normal',
    '--ignore-submodules=all',
  );
  return status.code === 0 ? status.out.split('\0').length - 1 : undefined;
}

export function failed(end: GitEnd, what: string): NoWorktree {
  if (end.ended === 'time') return new NoWorktree('git took too long', false);
  if (end.ended === 'missing') return new NoWorktree(`git could not be started (${end.err})`, false);
  if (end.ended === 'aborted') return new NoWorktree('it was ended meanwhile', false);
  return new NoWorktree(`${what}: git says "${wordsOf(end)}"`, !isPassing(end));
}

function isFolder(files: Files, path: string): boolean {
  try {
    return files.kindOf(files.realPath(path)) === 'directory';
  } catch {
    return false;
  }
}
