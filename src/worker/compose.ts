/** Workers, put together from their parts. */
import { join } from 'node:path';
import { SYSTEM } from '../model/agent-id.js';
import type { Executor } from '../model/executor.js';
import { newSessionId } from '../model/ids.js';
import type { Job } from '../model/job.js';
import type { WorktreeNotes } from '../relay/jobs/worktree-notes.js';
import type { Lanes } from '../relay/lanes/lanes.js';
import { Files } from '../store/filesystem/files.js';
import type { RunTurn } from './api.js';
import { chooseModel } from './argv.js';
import { ExecutorRunner, type ExecutorRunnerOptions, modelOf } from './executor-runner.js';
import { Git } from './git.js';
import { Keeper } from './keeper.js';
import { resolveProgram } from './program.js';
import type { Runner } from './runner.js';
import { TurnRunner } from './turn-runner.js';
import { Worker, type WorkerOptions } from './worker.js';
import { worktreesFolder } from './worktree-folder.js';
import type { Workshop } from './worktree-making.js';
import { WorktreeRunner } from './worktree-runner.js';

export interface WorkerSettings extends Omit<WorkerOptions, 'runner' | 'holder' | 'addresses'> {
  /** Whose jobs it does, and in whose name. */
  readonly agent: string;
}

export interface ExecutorSettings {
  readonly executor: Executor;
  /** Of the operator: what the executor names is taken from it. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly umask: number;
  /** The built keeper. @default the one beside this program */
  readonly keeper?: string | undefined;
}

/** A worker that runs programs. @throws DispatchError `CONFIG_INVALID` where there is no such program or folder */
export function executorWorker(settings: WorkerSettings, executor: ExecutorSettings): Worker {
  const runner = programRunner(settings, executor, { name: settings.agent });
  return compose(settings, inWorktrees(settings, runner, { ...executor, cwd: executor.executor.cwd ?? executor.cwd }));
}

export interface LaneSettings extends Omit<ExecutorSettings, 'executor'> {
  readonly lanes: Lanes;
}

/** A worker that runs the jobs of lanes, in the name of nobody who could submit one. @throws as `executorWorker` */
export function laneWorker(settings: Omit<WorkerSettings, 'agent'>, { lanes, ...rest }: LaneSettings): Worker {
  const addresses = () => lanes.list();
  const fill = async ({ to, task }: Job) => {
    chooseModel(lanes.executor.models, modelOf(task));
    return lanes.fill(to, task.prompt);
  };
  const program = programRunner(settings, { ...rest, executor: lanes.executor }, { name: 'lanes', fill });
  const runner = inWorktrees(settings, program, { ...rest, cwd: lanes.executor.cwd ?? rest.cwd });
  return new Worker({ ...settings, runner, addresses, holder: { agent: SYSTEM, session: newSessionId() } });
}

function programRunner(
  { relay: { clock } }: Pick<WorkerSettings, 'relay'>,
  { keeper = join(import.meta.dirname, 'keeper.cjs'), ...executor }: ExecutorSettings,
  named: Pick<ExecutorRunnerOptions, 'name' | 'fill'>,
): ExecutorRunner {
  const files = new Files();
  return new ExecutorRunner({
    ...executor,
    ...named,
    files,
    keeper: new Keeper(keeper, files, () => clock.steady()),
  });
}

export interface TurnSettings {
  readonly runTurn: RunTurn;
  readonly cwd: string;
  readonly models: readonly string[];
  readonly timeoutSeconds: number;
  /** Of whoever uses the worker: git is given a few names of it. */
  readonly env: NodeJS.ProcessEnv;
  readonly umask: number;
}

/** A worker that calls a function. */
export function turnWorker(settings: WorkerSettings, turn: TurnSettings): Worker {
  const { clock } = settings.relay;
  const runner = new TurnRunner({ ...turn, name: settings.agent, steady: () => clock.steady() });
  return compose(settings, inWorktrees(settings, runner, turn));
}

/** The same runner, which does what is to be done in a worktree in one of the repository that `cwd` is in. */
function inWorktrees(
  { relay, writes }: Pick<WorkerSettings, 'relay' | 'writes'>,
  runner: Runner,
  { env, umask, cwd }: Pick<ExecutorSettings, 'env' | 'umask' | 'cwd'>,
): Runner {
  if (writes === 'none') return runner;
  const { clock } = relay;
  let shop: Workshop | undefined;
  try {
    shop = workshop(relay.jobs.worktrees, { env, umask });
  } catch (error) {
    // One that writes anywhere has other work too.
    if (writes === 'worktrees') throw error;
  }
  return new WorktreeRunner(runner, { shop, cwd, clock });
}

/** What worktrees are made with, and looked after. @throws DispatchError `CONFIG_INVALID` where there is no git */
export function workshop(notes: WorktreeNotes, { env, umask }: Pick<ExecutorSettings, 'env' | 'umask'>): Workshop {
  const files = new Files();
  const git = new Git({ program: resolveProgram('git', env, files), env, umask });
  return { git, files, notes, folder: worktreesFolder(env) };
}

function compose({ agent, ...options }: WorkerSettings, runner: Runner): Worker {
  const addresses = async () => [agent];
  return new Worker({ ...options, runner, addresses, holder: { agent, session: newSessionId() } });
}

/** Tells whether a file is another than it was when this was called. Never throws. */
export function watchFile(path: string): () => boolean {
  const files = new Files();
  const look = () => {
    try {
      const stat = files.lstat(files.realPath(path));
      return stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
    } catch {
      return '';
    }
  };
  const before = look();
  return () => look() !== before;
}
