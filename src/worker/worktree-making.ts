/**
 * Makes and removes worktrees. What is intended is noted first and forgotten last, so that whoever is killed in between, what
 * is left is found. A folder, a branch or an entry of the repository that is not the note's own is never touched.
 */
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../model/errors.js';
import type { WorktreeNote, WorktreeNotes } from '../relay/jobs/worktree-notes.js';
import type { Files } from '../store/filesystem/files.js';
import type { Git } from './git.js';
import { removeTree } from './tree-removal.js';
import { findEntry, hasOwnGitFile, inRepository, isCheckedOut, type Place } from './worktree-place.js';
import { failed, NoWorktree, type Repository, repositoryFolder } from './worktree-repository.js';

/** Of names for one job: each attempt that left something takes one. */
const MOST_NAMES = 50;
const LOOK_MS = 30_000;
const REMOVE_MS = 120_000;
export const BRANCHES = 'mcp-dispatch/';

export interface Workshop {
  readonly git: Git;
  readonly files: Files;
  readonly notes: WorktreeNotes;
  /** The folder of all worktrees: absolute. */
  readonly folder: string;
  /** Called before each step of making and removing; may throw. For tests. */
  readonly before?: ((step: Step) => void | Promise<void>) | undefined;
}

export type Step = 'note' | 'folder' | 'add' | 'begin' | 'run' | 'look' | 'remove' | 'branch' | 'forget';

export interface Making {
  readonly job: string;
  readonly token: number;
  readonly session: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly repository: Repository;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/**
 * A new worktree of the repository at its HEAD, on a branch of its own. It is noted as begun when this returns.
 * @throws NoWorktree, with nothing left, as far as that can be; DispatchError of the store
 */
export async function makeWorktree(shop: Workshop, making: Making): Promise<WorktreeNote> {
  const { git, files, notes, before } = shop;
  const { job, token, session, at, repository } = making;
  const { commonDir: repo, head: base } = repository;
  await before?.('note');
  const folder = folderFor(shop, repository);
  // Also what another worker only meant to make is not taken: its note would stand for two.
  const noted = await notes.list(job);
  for (let n = 1; n <= MOST_NAMES; n++) {
    const name = n === 1 ? job : `${job}-${n}`;
    const branch = BRANCHES + name;
    const path = join(folder, name);
    const isNoted = noted.some((other) => other.token !== token && other.path === path);
    if (isNoted || files.kindOf(path) !== 'missing' || (await hasBranch(git, repo, branch, making.signal))) continue;
    const note: WorktreeNote = { job, token, repo, path, branch, base, session, at, begun: false };
    await notes.keep(note);
    try {
      await before?.('folder');
      if (!makeFolder(files, path)) continue;
      await before?.('add');
      await add(shop, note, making);
      await before?.('begin');
      const begun = { ...note, begun: true };
      await notes.keep(begun);
      return begun;
    } catch (error) {
      await undo(shop, note);
      throw error;
    }
  }
  await notes.drop(making);
  throw new NoWorktree(
    `there are ${MOST_NAMES} branches or folders for ${job} already: \`mcp-dispatch worktrees\` lists them`,
    true,
  );
}

async function add({ git }: Workshop, { path, branch, base }: WorktreeNote, making: Making): Promise<void> {
  const { repository, limitMs, signal } = making;
  const args = ['-C', repository.root, 'worktree', 'add', '--quiet', '--no-track', '-b', branch, path, base];
  const end = await git.run(args, { limitMs, signal });
  if (end.code !== 0) throw failed(end, 'the worktree cannot be made');
}

/** Whether it lies where worktrees are made, under the name that they are given: all else is somebody else's. */
export function isOurs(
  { files, folder }: Workshop,
  { job, path, branch }: Pick<WorktreeNote, 'job' | 'path' | 'branch'>,
): boolean {
  const name = basename(path);
  if (branch !== BRANCHES + name || !(name === job || name.startsWith(`${job}-`)) || /[^a-z0-9-]/.test(name))
    return false;
  const all = dirname(dirname(path));
  try {
    return all === folder || all === files.realPath(folder);
  } catch {
    return false;
  }
}

/**
 * Why a worktree may be removed: nothing was changed in it, nothing has run in it yet, or a person does not want what it
 * holds. Only for the last a branch is removed that is not at the base any more.
 */
export type Removal = 'unchanged' | 'unbegun' | 'discarded';

/**
 * Removes a worktree with its branch. False where something of it stays, which the note goes on telling.
 * @throws errno errors, DispatchError of the store
 */
export async function removeWorktree(shop: Workshop, note: WorktreeNote, removal: Removal): Promise<boolean> {
  const { git, files, notes, before } = shop;
  if (!isOurs(shop, note)) return false;
  const call = { limitMs: REMOVE_MS };
  const run = inRepository(git, note);
  await before?.('remove');
  if (removal === 'unbegun' && (await isAnothers(shop, note))) {
    await notes.drop(note);
    return true;
  }
  const entry = findEntry(files, note);
  // Where a link leads is not ours.
  if (files.kindOf(dirname(note.path)) === 'symlink') return false;
  // git removes no folder whose own file names another repository.
  if (files.kindOf(note.path) !== 'missing' && (entry === undefined || !hasOwnGitFile(files, note, entry))) {
    if (removal === 'unchanged') return false;
    await removeTree(files, note.path);
  }
  if (entry !== undefined) {
    // Twice: git locks what it is still making, and leaves it so where it is killed.
    const force = removal === 'unchanged' ? ['--force'] : ['--force', '--force'];
    if ((await run(['worktree', 'remove', ...force, note.path], call)).code !== 0) return false;
  }
  if (files.kindOf(note.path) !== 'missing') return false;
  if (removal === 'discarded' && files.kindOf(note.repo) === 'missing') {
    if (note.token > 0) await notes.drop(note);
    return true;
  }
  await removeStub(files, note);
  await before?.('branch');
  const tip = await run(['rev-parse', '--verify', '--quiet', `refs/heads/${note.branch}`], call);
  if (tip.code === 0) {
    // The operator is on it, or the worktree was moved: without its branch nobody could say what is there.
    if ((await isCheckedOut(git, note, call)) !== false) return false;
    const at = removal === 'discarded' ? tip.out.trim() : note.base;
    const deleted = await run(['update-ref', '-d', `refs/heads/${note.branch}`, at], call);
    if (deleted.code !== 0) return false;
  } else if (tip.code !== 1) return false;
  await before?.('forget');
  if (note.token > 0) await notes.drop(note);
  return true;
}

/** Takes back what was made before anything ran in it. What cannot be taken back is still noted. */
async function undo(shop: Workshop, note: WorktreeNote): Promise<void> {
  await removeWorktree({ ...shop, before: undefined }, note, 'unbegun').catch(() => {});
}

/** Whether another worker has made what this one found taken, and did not live to note so. */
async function isAnothers({ notes }: Workshop, { job, token, path }: WorktreeNote): Promise<boolean> {
  return (await notes.list(job)).some((other) => other.token !== token && other.path === path);
}

/** An entry that git began, and was killed before it said whose it is: it has the name of the worktree. */
async function removeStub(files: Files, { repo, path }: Place): Promise<void> {
  const entry = join(repo, 'worktrees', basename(path));
  if (files.kindOf(entry) === 'directory' && files.kindOf(join(entry, 'gitdir')) === 'missing')
    await removeTree(files, entry);
}

async function hasBranch(git: Git, repo: string, branch: string, signal: AbortSignal): Promise<boolean> {
  const shown = await inRepository(git, { repo })(['show-ref', '--verify', '--quiet', `refs/heads/${branch}`], {
    limitMs: LOOK_MS,
    signal,
  });
  if (shown.code === 0 || shown.code === 1) return shown.code === 0;
  throw failed(shown, `whether there is a branch ${branch} cannot be told`);
}

/** Private, and nobody else's. @throws NoWorktree */
function folderFor({ files, folder }: Workshop, repository: Repository): string {
  const path = join(folder, repositoryFolder(repository));
  try {
    files.ensureDirectory(path);
    const real = files.realPath(path);
    const stat = files.lstat(real);
    const uid = process.getuid?.();
    if (
      stat?.isDirectory() !== true ||
      (uid !== undefined && stat.uid !== uid) ||
      (process.platform !== 'win32' && (stat.mode & 0o022) !== 0)
    ) {
      throw new NoWorktree(
        `the folder of worktrees ${path} is not yours alone: take the right to write from others`,
        true,
      );
    }
    return real;
  } catch (error) {
    if (error instanceof NoWorktree) throw error;
    throw new NoWorktree(
      `the folder of worktrees ${path} cannot be made (${errnoOf(error) ?? 'unknown error'})`,
      false,
    );
  }
}

function makeFolder(files: Files, path: string): boolean {
  try {
    return files.makeDirectory(path);
  } catch (error) {
    throw new NoWorktree(`the folder ${path} cannot be made (${errnoOf(error) ?? 'unknown error'})`, false);
  }
}
