/**
 * The worktrees of jobs that there are: those of the notes, and what is found without one in the folder of worktrees, among
 * the repository's entries for worktrees, and among its branches. Nothing is changed by looking.
 */
import { basename, dirname, join } from 'node:path';
import { isJobId } from '../model/ids.js';
import { isEnded, type JobState } from '../model/job.js';
import { unlessBroken } from '../relay/jobs/job-table.js';
import type { FoundNote, WorktreeNote } from '../relay/jobs/worktree-notes.js';
import type { Relay } from '../relay/relay.js';
import { BRANCHES, isOurs, type Removal, removeWorktree, type Workshop } from './worktree-making.js';
import { inRepository } from './worktree-place.js';
import { repositoryFolder } from './worktree-repository.js';
import { stateOf, type WorktreeState } from './worktree-state.js';

const LOOK_MS = 30_000;
const STATE_MS = 120_000;

export interface ListedWorktree extends WorktreeNote {
  /** Undefined where there is no such job any more. */
  readonly jobState: JobState | undefined;
  readonly state: WorktreeState;
  /** Whether somebody may be working in it. */
  readonly inUse: boolean;
  /** Whether it has a note; else it was found by its name, and `at` is empty. */
  readonly isNoted: boolean;
  /** Why it is not needed any more; undefined where it is, or where that is for a person to say. */
  readonly removable: Exclude<Removal, 'discarded'> | undefined;
}

export interface Sources {
  readonly shop: Workshop;
  readonly relay: Pick<Relay, 'jobs'>;
  /** Folders of executors and lanes. */
  readonly folders: readonly string[];
}

/** Those of one job, or all; oldest first, those without a note behind the others. */
export async function listWorktrees(sources: Sources, job?: string): Promise<ListedWorktree[]> {
  const { shop, relay } = sources;
  const notes = (await relay.jobs.worktrees.list(job)).filter((note) => isOurs(shop, note));
  const found = [...notes.sort((a, b) => (a.at < b.at ? -1 : 1)), ...(await findUnnoted(sources, notes, job))];
  const listed: ListedWorktree[] = [];
  for (const note of found) listed.push(await describe(sources, note));
  return listed;
}

/** Removes what nobody needs, after another look. False where it is needed after all, or cannot be removed. */
export async function pruneWorktree(sources: Sources, listed: ListedWorktree): Promise<boolean> {
  const { removable } = await describe(sources, listed);
  return removable === undefined ? false : removeWorktree(sources.shop, listed, removable).catch(() => false);
}

/** Removes it with all that it holds. False where something of it stays. */
export async function discardWorktree({ shop }: Sources, listed: ListedWorktree): Promise<boolean> {
  return removeWorktree(shop, listed, 'discarded').catch(() => false);
}

type Found = WorktreeNote & Partial<Pick<FoundNote, 'alive'>>;

async function describe({ shop, relay }: Sources, found: Found): Promise<ListedWorktree> {
  const { job: id, token, repo, path, branch, base, session, at, begun, alive } = found;
  const note = { job: id, token, repo, path, branch, base, session, at, begun };
  let isBroken = false;
  const job = await unlessBroken(
    () => relay.jobs.look(id),
    () => {
      isBroken = true;
    },
  );
  const state = await stateOf(shop.git, shop.files, note, { limitMs: STATE_MS });
  const isHeld = job?.state === 'running' && (token === 0 || job.token?.number === token);
  const inUse = isHeld || (!begun && alive === true);
  const isOver = !isBroken && (job === undefined || isEnded(job.state));
  // Without a note it may be of another relay, and somebody at work in it.
  const isKnown = token > 0 || !state.there;
  const removable =
    !isOver || inUse || !isKnown ? undefined : begun ? (state.unchanged ? 'unchanged' : undefined) : 'unbegun';
  return { ...note, jobState: job?.state, state, inUse, isNoted: token > 0, removable };
}

/** What has the name of a job's worktree, and no note: the note, or the relay that it was in, is gone. */
async function findUnnoted(
  sources: Sources,
  notes: readonly WorktreeNote[],
  only: string | undefined,
): Promise<Found[]> {
  const { shop } = sources;
  const found: Found[] = [];
  for (const repository of await repositories(sources, notes)) {
    const { commonDir: repo } = repository;
    const folder = join(shop.folder, repositoryFolder(repository));
    const branches = await branchesOf(shop, repo);
    const names = new Set([...namesIn(shop, folder), ...branches.keys()]);
    for (const name of [...names].sort()) {
      const job = jobOf(name);
      const path = join(shop.files.kindOf(folder) === 'directory' ? shop.files.realPath(folder) : folder, name);
      if (job === undefined || (only !== undefined && job !== only)) continue;
      if (notes.some((note) => note.path === path)) continue;
      const base = branches.get(name) ?? '0'.repeat(40);
      found.push({ job, token: 0, repo, path, branch: BRANCHES + name, base, session: '', at: '', begun: true });
    }
  }
  return found;
}

/** None where it is a link, or cannot be read. */
function namesIn({ files }: Workshop, folder: string): string[] {
  try {
    return files.kindOf(folder) === 'directory' ? files.list(folder) : [];
  } catch {
    return [];
  }
}

interface Known {
  readonly commonDir: string;
  readonly root: string;
}

/** Repositories that worktrees may have been made of: those of the notes, of executors and of lanes. */
async function repositories({ shop, folders }: Sources, notes: readonly WorktreeNote[]): Promise<Known[]> {
  const known = new Map<string, Known>();
  for (const { repo, path } of notes) {
    // The folder's name tells what root it had.
    const root = basename(dirname(path)).replace(/-[0-9a-f]{8}$/, '');
    known.set(repo, { commonDir: repo, root });
  }
  for (const cwd of new Set(folders)) {
    const args = ['rev-parse', '--path-format=absolute', '--git-common-dir'];
    const looked = await shop.git.run(['-C', cwd, ...args], { limitMs: LOOK_MS });
    if (looked.code !== 0) continue;
    const top = await shop.git.run(['-C', cwd, 'rev-parse', '--show-toplevel'], { limitMs: LOOK_MS });
    const commonDir = shop.files.realPath(looked.out.replace(/\n$/, ''));
    known.set(commonDir, { commonDir, root: top.code === 0 ? top.out.replace(/\n$/, '') : commonDir });
  }
  return [...known.values()];
}

/**
 * Branches with the name of a job's worktree, each with the commit that it is judged by: its own where other branches or tags
 * hold that too, so that nothing goes with it; else one that no commit has.
 */
async function branchesOf({ git }: Workshop, repo: string): Promise<Map<string, string>> {
  const run = inRepository(git, { repo });
  const prefix = `refs/heads/${BRANCHES}`;
  const listed = await run(['for-each-ref', '--format=%(refname) %(objectname)', prefix], { limitMs: LOOK_MS });
  const found = new Map<string, string>();
  if (listed.code !== 0) return found;
  for (const line of listed.out.split('\n')) {
    const [ref = '', tip = ''] = line.split(' ');
    const name = ref.slice(prefix.length);
    if (jobOf(name) === undefined) continue;
    const holders = await run(['for-each-ref', '--format=%(refname)', `--contains=${tip}`], { limitMs: LOOK_MS });
    const isHeld = holders.out.split('\n').some((holder) => holder !== '' && !holder.startsWith(prefix));
    found.set(name, isHeld ? tip : '0'.repeat(tip.length));
  }
  return found;
}

function jobOf(name: string): string | undefined {
  const job = /^(job-[a-z0-9]+)(-[0-9]+)?$/.exec(name)?.[1];
  return job !== undefined && isJobId(job) ? job : undefined;
}
