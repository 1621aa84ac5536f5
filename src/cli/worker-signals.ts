/** How signals end a worker: in order at the first, at once at the second, and never later than it promises. */
import type { Worker } from '../worker/worker.js';
import { EXIT } from './exit-code.js';

/** What is not gone by then, when it is asked to, is left to the keeper. */
const MOST_END_MS = 1900;

export interface Signals {
  /** From now on nothing is lost when the process ends. */
  workIsOver(): void;
  /** Resolves when a signal has come so long ago that the process must end. */
  readonly late: Promise<void>;
  release(): void;
}

/** The first signal ends the worker in order, a second one at once. What runs is ended by the keeper in any case. */
export function onSignals(worker: Worker): Signals {
  let isStopping = false;
  let isOver = false;
  let tellLate: () => void = () => {};
  const late = new Promise<void>((resolve) => {
    tellLate = resolve;
  });
  const stop = () => {
    if (isStopping) process.exit(EXIT.failed);
    isStopping = true;
    worker.stop();
    setTimeout(() => (isOver ? tellLate() : process.exit(EXIT.failed)), MOST_END_MS).unref();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, stop);
  return {
    workIsOver: () => {
      isOver = true;
    },
    late,
    release: () => {
      for (const name of signals) process.off(name, stop);
    },
  };
}
