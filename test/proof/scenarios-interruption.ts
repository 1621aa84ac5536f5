/** A store in which something else happens once, between two operations of what is being tested. */
import type { Store } from '../../src/store/store.js';

export class Interruption {
  #left = 0;
  #happen: (() => Promise<void>) | undefined;
  #death: Error | undefined;

  /** Before the operation number `step` from now on, counted from 0, `happen` is done; its own operations do not count. */
  arm(step: number, happen: () => Promise<void>): void {
    this.#left = step;
    this.#happen = happen;
  }

  /** From now on every operation fails, as for a process that is not there any more; not those of the interruption. */
  die(death: Error): void {
    this.#death = death;
  }

  /** Ends the counting. False when there were not as many operations: every step has been tried. */
  disarm(): boolean {
    const happened = this.#happen === undefined;
    this.#happen = undefined;
    return happened;
  }

  wrap(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const value = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return async (...given: unknown[]) => {
          const happen = this.#happen;
          if (happen !== undefined && this.#left-- === 0) {
            this.#happen = undefined;
            await happen();
          }
          if (this.#death !== undefined) throw this.#death;
          return value.apply(target, given);
        };
      },
    });
  }
}

/** Runs `scenario` with the interruption at step 0, 1, 2, ... until there is no such step; gives how many there were. */
export async function atEveryStep(scenario: (step: number) => Promise<boolean>): Promise<number> {
  let step = 0;
  while (await scenario(step)) step++;
  return step;
}
