/** Events of several logs in one order: by time between logs, and within each log as it has them, whatever its clock did. */
import type { LoggedEvent } from './events.js';

export interface Placed {
  readonly event: LoggedEvent;
  readonly log: string;
  /** Where the log goes on behind it. */
  readonly next: number;
}

/** The events of one log, part by part. */
export class Run {
  #placed: readonly Placed[] = [];
  #at = 0;

  constructor(private readonly parts: AsyncIterator<readonly Placed[]>) {}

  /** The event that is next. Only after `step` or `fill` has said that there is one. */
  get head(): Placed {
    return this.#placed[this.#at] as Placed;
  }

  /** Goes to the next event of the part that is read. */
  step(): boolean {
    return ++this.#at < this.#placed.length;
  }

  /** Goes to the first event of the next part. False when there is none left. */
  async fill(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.parts.next();
      if (done === true) return false;
      if (value.length === 0) continue;
      this.#placed = value;
      this.#at = 0;
      return true;
    }
  }
}

/**
 * Takes each time the earliest of the next events of all runs, or the latest. They come in batches, since a million steps of
 * an asynchronous generator take seconds.
 */
export async function* merge(runs: readonly Run[], first: 'earliest' | 'latest'): AsyncGenerator<Placed[]> {
  // The one that is taken next stands at the end.
  const waiting: Run[] = [];
  const put = (run: Run) => {
    let [low, high] = [0, waiting.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const isBefore = precedes(run.head, (waiting[middle] as Run).head, first);
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    waiting.splice(low, 0, run);
  };
  for (const run of runs) if (await run.fill()) put(run);
  let batch: Placed[] = [];
  for (let run = waiting.pop(); run !== undefined; run = waiting.pop()) {
    batch.push(run.head);
    if (run.step()) {
      put(run);
      continue;
    }
    yield batch;
    batch = [];
    if (await run.fill()) put(run);
  }
}

function precedes(a: Placed, b: Placed, first: 'earliest' | 'latest'): boolean {
  const [x, y] = [a.event.at, b.event.at];
  if (x === y) return a.log < b.log;
  return first === 'earliest' ? x < y : x > y;
}
