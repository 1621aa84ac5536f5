/** What the submitter of a job is told of its worktree. */
import type { WorktreeNote } from '../relay/jobs/worktree-notes.js';
import type { Verdict } from './runner.js';
import type { WorktreeState } from './worktree-state.js';

export interface WorktreeResult {
  readonly note: WorktreeNote;
  readonly state: WorktreeState;
  readonly isRemoved: boolean;
  /** Edits in the operator's tree that no commit has; undefined where that could not be told. */
  readonly dirty: number | undefined;
  readonly underway: string | undefined;
}

/**
 * The same verdict, with `worktree` in its result: `path`, `branch`, `base`, `files_changed`, `insertions`, `deletions`,
 * `stat`, `commits`, and `head` where that is on another commit than the branch; or `unchanged` and `base`. `uncommitted` says
 * how many paths of the operator's tree were edited and not committed, and so are not in it; `underway` what was in the
 * middle there.
 */
export function withWorktree(verdict: Verdict, result: WorktreeResult): Verdict {
  if (verdict.as === 'unbegun' || verdict.as === 'unknown') return verdict;
  const told = withField(verdict.result, factsOf(result));
  if (verdict.as !== 'failed') return { ...verdict, result: told };
  return { ...verdict, result: told, error: verdict.error + whereabouts(result) };
}

function withField(result: unknown, worktree: object): object {
  if (result === undefined || result === null) return { worktree };
  // A function may resolve to any JSON.
  if (typeof result !== 'object' || Array.isArray(result)) return { result, worktree };
  return { ...result, worktree };
}

function factsOf({ note, state, isRemoved, dirty, underway }: WorktreeResult): object {
  const { path, branch, base } = note;
  const { unchanged, there, measured, head, ...counts } = state;
  const from = {
    ...(dirty === 0 ? {} : { uncommitted: dirty ?? 'unknown' }),
    ...(underway === undefined ? {} : { underway }),
  };
  if (isRemoved) return { unchanged: true, base, ...from };
  const place = { path, branch, base };
  // It could not be removed, or its end was wanted before.
  if (unchanged) return { unchanged: true, ...place, ...from };
  if (!measured) return { ...place, not_measured: true, ...from };
  return {
    ...place,
    ...counts,
    ...(head === undefined ? {} : { head }),
    ...(there ? {} : { folder_removed: true }),
    ...from,
  };
}

function whereabouts({ note: { path, branch, base }, state }: WorktreeResult): string {
  if (state.unchanged) return '';
  const where = state.there ? `in ${path}, on` : 'on';
  return `\nWhat it changed is kept ${where} the branch ${branch}, from ${base.slice(0, 12)}.`;
}
