/** Workers, put together from their parts. */
import { join } from 'node:path';
import { SYSTEM } from '../model/agent-id.js';
import type { Executor } from '../model/executor.js';
import { newSessionId } from '../model/ids.js';
import type { Job } from '../model/job.js';
import type { Lanes } from '../relay/lanes/lanes.js';
import { Files } from '../store/filesystem/files.js';
import type { RunTurn } from './api.js';
import { chooseModel } from './argv.js';
import { ExecutorRunner, type ExecutorRunnerOptions, modelOf } from './executor-runner.js';
import { Keeper } from './keeper.js';
import type { Runner } from './runner.js';
import { TurnRunner } from './turn-runner.js';
import { Worker, type WorkerOptions } from './worker.js';

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
  return compose(settings, programRunner(settings, executor, { name: settings.agent }));
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
  const runner = programRunner(settings, { ...rest, executor: lanes.executor }, { name: 'lanes', fill });
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
}

/** A worker that calls a function. */
export function turnWorker(settings: WorkerSettings, turn: TurnSettings): Worker {
  const { clock } = settings.relay;
  return compose(settings, new TurnRunner({ ...turn, name: settings.agent, steady: () => clock.steady() }));
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
