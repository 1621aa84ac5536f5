/** Workers, put together from their parts. */
import { join } from 'node:path';
import type { Executor } from '../model/executor.js';
import { newSessionId } from '../model/ids.js';
import { Files } from '../store/filesystem/files.js';
import { ExecutorRunner } from './executor-runner.js';
import { Keeper } from './keeper.js';
import type { Runner } from './runner.js';
import { type RunTurn, TurnRunner } from './turn-runner.js';
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
  const files = new Files();
  const { keeper = join(import.meta.dirname, 'keeper.cjs'), ...rest } = executor;
  const { clock } = settings.relay;
  const runner = new ExecutorRunner({
    ...rest,
    name: settings.agent,
    files,
    keeper: new Keeper(keeper, files, () => clock.steady()),
  });
  return compose(settings, runner);
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
  return new Worker({ ...options, runner, addresses: [agent], holder: { agent, session: newSessionId() } });
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
