/**
 * One call after the other, in the order they came: clients make calls side by side, and what was sent first must be read
 * first, although the first call of a session has more to do than the next. A call that waits lets the others go before.
 */
export class Queue {
  #last: Promise<void> = Promise.resolve();

  /** A place behind everyone who has one now. */
  join(): Turn {
    let leave = () => {};
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const come = this.#last;
    this.#last = come.then(() => left);
    return { come, end: leave };
  }
}

export interface Turn {
  /** Resolves when it is this call's turn. */
  readonly come: Promise<void>;
  /** Lets the next one go on; nothing the second time. */
  end(): void;
}
