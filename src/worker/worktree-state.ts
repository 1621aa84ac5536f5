/**
 * What a worktree holds beside the commit that it was made from. Nothing of it is changed, and nothing that is set up in it
 * runs: git compares its files with an index of our own, made from that commit, so that no mark in the worktree's index (such
 * as skip-worktree) hides a change.
 *
 * Files that the repository's rules ignore count as nothing, as everywhere in git. Repositories within it, submodules that
 * were filled and commits that only its reflog holds count as changes, and are not measured.
 */
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { newSessionId } from '../model/ids.js';
import type { Files } from '../store/filesystem/files.js';
import type { Git, GitEnd } from './git.js';
import { makeRunFolder, removeRunFolder } from './run-folder.js';
import { findEntry, hasOwnGitFile, inEntry, inRepository, inTree, isCheckedOut, type Place } from './worktree-place.js';

const STAT_LINES = 50;
const STAT_LENGTH = 8000;
const LOG_BYTES = 1024 * 1024;
const UNDERWAY = [
  'MERGE_HEAD',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'BISECT_LOG',
  'rebase-merge',
  'rebase-apply',
  'modules',
];

/** What git calls an empty file, in a repository of either kind. */
const EMPTY_FILE_SHA1 = 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391';
const EMPTY_FILE_SHA256 = '473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813';

/** Refs that go with the worktree. */
const OWN_REFS = ['refs/worktree', 'refs/bisect', 'refs/rewritten'];

export interface WorktreeState {
  /** Nothing of it would be lost with it. */
  readonly unchanged: boolean;
  /** Whether its folder is there. */
  readonly there: boolean;
  /** Whether all of it could be looked at; else it counts as changed. */
  readonly measured: boolean;
  /** Of its files against the base, committed or not, tracked or not. */
  readonly files_changed: number;
  readonly insertions: number;
  readonly deletions: number;
  /** `git diff --stat`, its first 50 files. */
  readonly stat: string;
  /** On its branch and its HEAD, since the base. */
  readonly commits: number;
  /** The commit of HEAD, where that is not on the branch. */
  readonly head?: string | undefined;
}

const NOTHING = { files_changed: 0, insertions: 0, deletions: 0, stat: '', commits: 0 };

export interface Looking {
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Never rejects. */
export async function stateOf(git: Git, files: Files, place: Place, looking: Looking): Promise<WorktreeState> {
  try {
    return await look(git, files, place, looking);
  } catch {
    return { ...NOTHING, unchanged: false, there: isThere(files, place.path), measured: false };
  }
}

class NotTold extends Error {}

function isThere(files: Files, path: string): boolean {
  try {
    return files.kindOf(path) === 'directory';
  } catch {
    // A link on the way that leads to itself.
    return false;
  }
}

async function look(git: Git, files: Files, place: Place, looking: Looking): Promise<WorktreeState> {
  const { base, branch, path } = place;
  const repository = told(inRepository(git, place), looking);
  const kind = files.kindOf(path);
  // A link may lead to where the worktree was moved.
  if (kind !== 'directory' && kind !== 'missing') throw new NotTold();
  const there = kind === 'directory';
  const entry = findEntry(files, place);
  if (entry === undefined) {
    const tip = (await repository(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`], 1)).trim();
    // Of a branch that is gone, nobody here took away what it held. A tree that is on it may have been moved elsewhere.
    const commits = await countCommits(repository, [tip], base);
    const isElsewhere = tip !== '' && (await isCheckedOut(git, place, looking)) !== false;
    const isGone = !there && !isElsewhere;
    return { ...NOTHING, commits, there, measured: isGone, unchanged: isGone && (tip === '' || tip === base) };
  }
  const own = told(inEntry(git, place, entry), looking);
  const { tip, isOn, hasMore } = await refsOf(own, branch);
  const head = isOn ? tip : (await own(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], 1)).trim();
  const commits = await countCommits(repository, [tip, head], base);
  const isAtBase = tip === base && isOn && !hasMore && isQuiet(files, entry) && hasOnly(files, entry, base);
  const elsewhere = head === '' || head === tip ? {} : { head };
  if (!there) return { ...NOTHING, ...elsewhere, commits, there, measured: true, unchanged: isAtBase };
  const staged = await inEntry(
    git,
    place,
    entry,
  )(['diff-index', '--cached', '--quiet', '--ignore-submodules=all', base], looking);
  const compared = await compare(git, files, place, looking);
  const { whole, ...counts } = compared;
  const unchanged =
    isAtBase && staged.code === 0 && whole && counts.files_changed === 0 && hasOwnGitFile(files, place, entry);
  return { ...counts, ...elsewhere, commits, there, measured: true, unchanged };
}

type Call = (
  args: readonly string[],
  call: Looking & { readonly env?: Record<string, string>; readonly input?: string },
) => Promise<GitEnd>;

/** What git printed; it throws for what is no answer. With `no`, that exit code is an answer too. */
function told(run: Call, looking: Looking) {
  return async (args: readonly string[], no = 0): Promise<string> => {
    const end = await run(args, looking);
    if (end.code !== 0 && (end.code === null || end.code !== no)) throw new NotTold();
    return end.out;
  };
}

/** The commit of the branch, empty where that is gone; whether HEAD is that branch; whether the worktree has refs of its own. */
async function refsOf(
  own: (args: readonly string[]) => Promise<string>,
  branch: string,
): Promise<{ tip: string; isOn: boolean; hasMore: boolean }> {
  const ours = `refs/heads/${branch}`;
  const out = await own(['for-each-ref', '--format=%(refname) %(objectname) %(HEAD)', ours, ...OWN_REFS]);
  const refs = out.split('\n').slice(0, -1);
  const [, tip = '', mark] = refs.find((line) => line.startsWith(`${ours} `))?.split(' ') ?? [];
  return { tip, isOn: mark === '*', hasMore: refs.some((line) => !line.startsWith('refs/heads/')) };
}

/** A tip that is empty is gone. */
async function countCommits(
  run: (args: readonly string[]) => Promise<string>,
  branches: readonly string[],
  base: string,
): Promise<number> {
  const tips = branches.filter((tip) => tip !== '' && tip !== base);
  if (tips.length === 0) return 0;
  return Number((await run(['rev-list', '--count', ...tips, '--not', base])).trim());
}

interface Compared extends Pick<WorktreeState, 'files_changed' | 'insertions' | 'deletions' | 'stat'> {
  /** All that there is was compared. */
  readonly whole: boolean;
}

async function compare(git: Git, files: Files, place: Place, looking: Looking): Promise<Compared> {
  const { base } = place;
  const folder = resolve(tmpdir(), `mcp-dispatch-run-${newSessionId()}`);
  makeRunFolder(files, folder, undefined);
  try {
    const env = { GIT_INDEX_FILE: join(folder, 'index') };
    const run = inTree(git, place);
    const tell = told((args, call) => run(args, { ...call, env }), looking);
    await tell(['read-tree', base]);
    // Names are bytes.
    const raw = { ...looking, env, encoding: 'latin1' } as const;
    const others = await run(['ls-files', '-z', '--others', '--exclude-standard'], raw);
    if (others.code !== 0) throw new NotTold();
    const untracked = others.out.split('\0').slice(0, -1);
    // Named with a slash: a repository, whose files are its own.
    const plain = untracked.filter((name) => !name.endsWith('/'));
    if (plain.length > 0) {
      const empty = base.length === 40 ? EMPTY_FILE_SHA1 : EMPTY_FILE_SHA256;
      // As empty files: then they are compared like all others, and nothing of them is stored.
      const input = plain.map((name) => `100644 ${empty}\t${name}\0`).join('');
      const added = await run(['update-index', '-z', '--index-info'], { ...raw, input });
      if (added.code !== 0) throw new NotTold();
    }
    const stat = await tell([
      'diff',
      '--stat=100',
      `--stat-count=${STAT_LINES}`,
      '--no-color',
      '--no-ext-diff',
      '--no-textconv',
      '--no-renames',
      '--ignore-submodules=all',
      base,
      '--',
    ]);
    const submodules = await submodulesOf(run, base, looking);
    const areEmpty = submodules?.every((name) => !holdsAnything(files, join(place.path, name))) === true;
    return { ...countsIn(stat), stat: cut(stat), whole: untracked.length === 0 && areEmpty };
  } finally {
    removeRunFolder(files, folder);
  }
}

/**
 * The folders of submodules, and of repositories that were committed without being one: what is in them git does not look at.
 * Undefined where not all could be told.
 */
async function submodulesOf(run: Call, base: string, looking: Looking): Promise<string[] | undefined> {
  // Folders alone: a list of all files is long.
  const { code, out, cut } = await run(['ls-tree', '-r', '-d', '-z', base], looking);
  if (code !== 0 || cut) return undefined;
  const names = out.split('\0').flatMap((line) => {
    const [about = '', name = ''] = line.split('\t');
    return about.startsWith('160000 ') ? [name] : [];
  });
  // A name that is no UTF-8 cannot be looked at.
  return names.some((name) => name.includes('\ufffd')) ? undefined : names;
}

function holdsAnything(files: Files, path: string): boolean {
  const kind = files.kindOf(path);
  return kind === 'directory' ? files.countUpTo(path, 1) > 0 : kind !== 'missing';
}

/** Nothing is in the middle, and no submodule has a repository of its own. */
function isQuiet(files: Files, entry: string): boolean {
  return UNDERWAY.every((name) => files.kindOf(join(entry, name)) === 'missing');
}

/** Whether HEAD was never anywhere but at the base: else commits may be there that only its reflog holds. */
function hasOnly(files: Files, entry: string, base: string): boolean {
  const read = files.readSafely(join(entry, 'logs', 'HEAD'), LOG_BYTES);
  if (read === undefined) return true;
  if (!read.ok) return false;
  const lines = Buffer.from(read.bytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.every((line) => line.split(' ', 2).every((commit) => commit === base || /^0+$/.test(commit)));
}

function countsIn(stat: string): Pick<WorktreeState, 'files_changed' | 'insertions' | 'deletions'> {
  const last = stat.trimEnd().split('\n').at(-1) ?? '';
  const number = (pattern: RegExp) => Number(pattern.exec(last)?.[1] ?? 0);
  return {
    files_changed: number(/(\d+) files? changed/),
    insertions: number(/(\d+) insertions?\(\+\)/),
    deletions: number(/(\d+) deletions?\(-\)/),
  };
}

function cut(stat: string): string {
  const text = stat.replace(/\n$/, '').toWellFormed();
  return text.length <= STAT_LENGTH ? text : `${text.slice(0, STAT_LENGTH).toWellFormed()}\n...`;
}
