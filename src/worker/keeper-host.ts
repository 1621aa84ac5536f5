/**
 * The keeper: a small process beside the worker in which every program of an executor has its parent. It does what the
 * worker cannot do when it is needed most: it ends what runs when the time or the lease is over while the worker is
 * stopped, and when the worker is killed.
 */
import { systemClock } from '../model/clock.js';
import { Files } from '../store/filesystem/files.js';
import { Descent } from './descent.js';
import type { Order, Told } from './keeper-protocol.js';
import { SupervisedRun } from './supervised-run.js';

/** What is not gone this long after the worker is killed without grace. */
const LONGEST_GRACE_MS = 1500;

/** Serves the worker at the other end of the channel until that is closed; then ends, with all that runs. */
export function keep(): void {
  const files = new Files();
  const around = {
    files,
    descent: new Descent(files),
    steady: systemClock.steady,
    // A worker that is gone hears nothing; `disconnect` follows.
    tell: (told: Told) => void (process.connected && process.send?.(told, undefined, undefined, () => {})),
  };
  const runs = new Map<number, SupervisedRun>();
  let isOver = false;

  const stop = () => {
    if (isOver) return;
    isOver = true;
    for (const run of runs.values()) run.end('stopped');
    setTimeout(() => process.exit(1), LONGEST_GRACE_MS).unref();
    if (runs.size === 0) process.exit(0);
  };

  process.on('message', (order: Order) => {
    if (isOver) return;
    if (order.do === 'run') {
      const { run } = order.order;
      const supervised = new SupervisedRun(order.order, around, () => {
        runs.delete(run);
        if (isOver && runs.size === 0) process.exit(0);
      });
      runs.set(run, supervised);
      // Behind what came with it: while this process started, the lease may have been renewed.
      setImmediate(() => supervised.start());
    } else if (order.do === 'lease') runs.get(order.run)?.setLease(order.endsAt);
    else runs.get(order.run)?.end(order.why);
  });
  process.on('disconnect', stop);
  // The group of the worker's terminal is not ours, so these are meant for us.
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, stop);
  process.on('exit', () => {
    for (const run of runs.values()) run.abandon();
  });
}
