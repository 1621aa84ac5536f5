/** Where the worktrees of one job are, by their notes: nothing is looked at there. */
import type { Job } from '../model/job.js';
import { forTerminal } from '../model/text.js';
import type { WorktreeNote } from '../relay/jobs/worktree-notes.js';
import type { Relay } from '../relay/relay.js';

export async function worktreesOf(relay: Relay, { id, worktree }: Job): Promise<readonly WorktreeNote[]> {
  return worktree ? relay.jobs.worktrees.list(id) : [];
}

/** Absent where there are none. */
export function worktreesJson(notes: readonly WorktreeNote[]): object {
  if (notes.length === 0) return {};
  return { worktrees: notes.map(({ path, branch, base }) => ({ path, branch, base })) };
}

export function worktreeLines(notes: readonly WorktreeNote[]): string[] {
  return notes.map(
    ({ path, branch }) => `Its worktree: ${forTerminal(path, 500)}, branch ${forTerminal(branch, 100)}.`,
  );
}
