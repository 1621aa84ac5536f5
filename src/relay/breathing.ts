/** Lets signals, timers and calls have their turn: a store may do its work without ever waiting. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

// Reading one record takes 0.2 ms, so nobody waits longer than for a write.
const STEPS = 20;

/** For loops over what may be thousands: breathes at each twentieth step. */
export class Breather {
  #steps = 0;

  async step(): Promise<void> {
    this.#steps++;
    if (this.#steps % STEPS === 0) await breathe();
  }
}
