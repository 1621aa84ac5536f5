/**
 * Where worktrees of jobs are: `.jobs/worktrees/<job id>.<number of the token>`, a small JSON object, made before anything of
 * the worktree and removed after all of it. So whoever is killed in between, what is left is found.
 */
import * as z from 'zod/v4';
import { isJobId } from '../../model/ids.js';
import { lazy } from '../../model/lazy.js';
import type { Processes } from '../../store/processes.js';
import type { Store } from '../../store/store.js';
import { holderSchema, livenessOf } from '../holder.js';
import { worktreeKey } from '../keys.js';

const MAX_BYTES = 32 * 1024;

const noteSchema = lazy(() => {
  const text = z.string().min(1).max(8192);
  const commit = z.string().regex(/^[0-9a-f]{40,64}$/);
  return holderSchema().extend({
    job: z.string().refine(isJobId),
    token: z.number().int().min(1),
    repo: text,
    path: text,
    branch: text,
    base: commit,
    at: z.string().refine((at) => !Number.isNaN(Date.parse(at))),
    begun: z.boolean(),
  });
});

export interface WorktreeNote {
  readonly job: string;
  /** Number of the fencing token under which it was made. */
  readonly token: number;
  /** The `.git` that the repository's worktrees share. */
  readonly repo: string;
  readonly path: string;
  /** Without `refs/heads/`. */
  readonly branch: string;
  /** The commit that it starts from. */
  readonly base: string;
  /** Session of the worker. */
  readonly session: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Whether a program may have run in it. */
  readonly begun: boolean;
}

export interface FoundNote extends WorktreeNote {
  readonly pid: number;
  /** Whether the worker that made it is not known to be dead. */
  readonly alive: boolean;
}

export class WorktreeNotes {
  constructor(
    private readonly store: Store,
    private readonly processes: Processes,
  ) {}

  /** Durable when it returns. Again for the same job and token it replaces the note. */
  async keep(note: WorktreeNote): Promise<void> {
    const value = JSON.stringify({ ...note, ...this.processes.self() });
    await this.store.put(worktreeKey(nameOf(note)), value, { durable: true });
  }

  async drop(note: Pick<WorktreeNote, 'job' | 'token'>): Promise<void> {
    await this.store.remove(worktreeKey(nameOf(note)));
  }

  /** All, or those of a job, in the order of their names. What cannot be understood is left out. */
  async list(job?: string): Promise<FoundNote[]> {
    const found: FoundNote[] = [];
    for (const name of [...(await this.store.list(worktreeKey()))].sort()) {
      if (job !== undefined && !name.startsWith(`${job}.`)) continue;
      const read = await this.store.read(worktreeKey(name), MAX_BYTES);
      const parsed = read?.ok === true ? noteSchema().safeParse(parseJson(read.bytes)) : undefined;
      if (parsed?.success !== true || nameOf(parsed.data) !== name) continue;
      const { job: id, token, repo, path, branch, base, session, at, begun, pid } = parsed.data;
      const alive = livenessOf(this.processes, parsed.data) !== 'dead';
      found.push({ job: id, token, repo, path, branch, base, session, at, begun, pid, alive });
    }
    return found;
  }
}

const nameOf = ({ job, token }: Pick<WorktreeNote, 'job' | 'token'>) => `${job}.${token}`;

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
