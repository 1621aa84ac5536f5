/** A git repository of an operator, a relay in memory, and work that the test itself does in worktrees. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { newJobId } from '../../src/model/ids.js';
import type { Job } from '../../src/model/job.js';
import type { Relay } from '../../src/relay/relay.js';
import { workshop } from '../../src/worker/compose.js';
import type { EndReason } from '../../src/worker/run-outcome.js';
import type { Runner, Running, Terms, Verdict } from '../../src/worker/runner.js';
import type { Workshop } from '../../src/worker/worktree-making.js';
import { WorktreeRunner, type WorktreeRunnerOptions } from '../../src/worker/worktree-runner.js';
import { RelayWorld } from '../helpers/relay-world.js';

/** What the program of an executor would do, in its folder. `ended` says that it is to end. */
export type Work = (folder: string, ended: Promise<EndReason>) => Promise<Verdict> | Verdict;

export const DONE: Verdict = { as: 'completed', result: { exit_code: 0, message: 'Done.' }, exitCode: 0 };

export interface WorktreeField {
  readonly unchanged?: true;
  readonly path: string;
  readonly branch: string;
  readonly base: string;
  readonly files_changed: number;
  readonly insertions: number;
  readonly deletions: number;
  readonly stat: string;
  readonly commits: number;
}

type Tree = readonly (readonly [name: string, bytes: Buffer | undefined])[];

/** The repository that git made for the first test: the others begin with a copy. */
let firstCommit: Tree | undefined;

export class WorktreeWorld {
  readonly folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-git-')));
  readonly repo = path.join(this.folder, 'webapp');
  readonly env = { PATH: process.env.PATH, HOME: this.folder, XDG_STATE_HOME: path.join(this.folder, 'state') };
  readonly relay: Relay;

  constructor(readonly world = new RelayWorld({ executors: ['codex'] })) {
    this.relay = world.process().relay;
    writeFileSync(
      path.join(this.folder, '.gitconfig'),
      '[user]\nname = Ann\nemail = ann@example.com\n[init]\ndefaultBranch = main\n',
    );
    if (firstCommit === undefined) {
      this.init(this.repo);
      // Without the examples of hooks, which are most of it.
      firstCommit = readTree(this.repo).filter(([file]) => !file.endsWith('.sample'));
    } else writeTree(this.repo, firstCommit);
  }

  /** A repository with one commit. */
  init(repo: string, ...options: readonly string[]): void {
    mkdirSync(repo, { recursive: true });
    this.gitIn(repo, 'init', '-q', ...options);
    mkdirSync(path.join(repo, 'src'));
    writeFileSync(path.join(repo, 'README'), 'one\ntwo\n');
    writeFileSync(path.join(repo, 'src/app.js'), 'start();\n');
    writeFileSync(path.join(repo, '.gitignore'), 'build/\n');
    this.gitIn(repo, 'add', '-A');
    this.gitIn(repo, 'commit', '-qm', 'first');
  }

  git(...args: readonly string[]): string {
    return this.gitIn(this.repo, ...args);
  }

  gitIn(cwd: string, ...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync('git', args, { cwd, env: this.env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  shop(change: Partial<Workshop> = {}): Workshop {
    return { ...workshop(this.relay.jobs.worktrees, { env: this.env, umask: 0o022 }), ...change };
  }

  job(): Job {
    const lease = { agent: 'codex', session: 's'.repeat(20), until: 0, seconds: 60 };
    return {
      id: newJobId(),
      task: { prompt: 'Do it.' },
      write: true,
      worktree: true,
      token: { number: 1, nonce: '' },
      lease,
    } as Job;
  }

  start(
    work: Work,
    {
      job = this.job(),
      terms = {},
      ...change
    }: Partial<WorktreeRunnerOptions> & { job?: Job; terms?: Partial<Terms> } = {},
  ): Promise<Running> {
    const { clock } = this.relay;
    const runner = new WorktreeRunner(runnerOf(work), { shop: this.shop(), cwd: this.repo, clock, ...change });
    return runner
      .prepare(job)
      .then((prepared) => prepared.start({ leaseEndsAt: clock.steady() + 600_000, graceMs: 1000, ...terms }));
  }

  async run(work: Work, options: Parameters<WorktreeWorld['start']>[1] = {}): Promise<Verdict> {
    return (await this.start(work, options)).verdict;
  }

  /** All that the operator has: the tree with its `.git`, byte for byte, without what is ours to make there. */
  fingerprint(repo = this.repo): string {
    const hash = createHash('sha256');
    const walk = (folder: string): void => {
      for (const name of readdirSync(folder).sort()) {
        const child = path.join(folder, name);
        const within = path.relative(repo, child);
        if (/^\.git\/(objects|worktrees|(logs\/)?refs\/heads\/mcp-dispatch)(\/|$)/.test(within)) continue;
        const stat = lstatSync(child);
        hash.update(`${within} ${stat.mode}\n`);
        if (stat.isDirectory()) walk(child);
        else hash.update(stat.isSymbolicLink() ? readlinkSync(child) : readFileSync(child));
      }
    };
    walk(repo);
    return hash.digest('hex');
  }

  /** What is left of worktrees: folders, entries and branches of the repository, and notes. */
  async left(): Promise<{ folders: string[]; entries: string[]; branches: string[]; notes: string[] }> {
    const list = (folder: string): string[] => {
      try {
        return readdirSync(folder);
      } catch {
        return [];
      }
    };
    const all = path.join(this.env.XDG_STATE_HOME, 'mcp-dispatch/worktrees');
    return {
      folders: list(all).flatMap((name) => list(path.join(all, name))),
      entries: list(path.join(this.repo, '.git/worktrees')),
      branches: this.git('for-each-ref', '--format=%(refname:short)', 'refs/heads/mcp-dispatch')
        .split('\n')
        .filter(Boolean),
      notes: [...(await this.world.store.list('.jobs/worktrees'))],
    };
  }

  async close(): Promise<void> {
    await this.world.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const NOTHING_LEFT = { folders: [], entries: [], branches: [], notes: [] };

/** Each folder, which has no bytes, before what is in it. */
function readTree(root: string): Tree {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => {
    const at = path.join(root, name);
    return [name, lstatSync(at).isDirectory() ? undefined : readFileSync(at)];
  });
}

function writeTree(root: string, tree: Tree): void {
  mkdirSync(root);
  for (const [name, bytes] of tree) {
    if (bytes === undefined) mkdirSync(path.join(root, name));
    else writeFileSync(path.join(root, name), bytes);
  }
}

/** What the verdict says of the worktree. */
export function worktreeOf(verdict: Verdict): WorktreeField {
  if (!('result' in verdict)) throw new Error(`no result: ${JSON.stringify(verdict)}`);
  return (verdict.result as { worktree: WorktreeField }).worktree;
}

function runnerOf(work: Work): Runner {
  return {
    prepare: async () => ({
      about: { executor: 'codex', argv: ['codex'], filled: [] },
      start: ({ cwd = '' }) => {
        let end: (why: EndReason) => void = () => {};
        const ended = new Promise<EndReason>((resolve) => {
          end = resolve;
        });
        return { verdict: Promise.resolve().then(() => work(cwd, ended)), setLease: () => {}, end };
      },
    }),
    close: async () => {},
  };
}
