/** Going on until Ctrl-C, for commands that show what comes. */

/** Between two looks at what is there. False, at once, when it is over. */
export type Pause = (ms: number) => Promise<boolean>;

/** Runs `work`, whose pauses end when somebody interrupts the command; without `follow` the interrupt ends it as usual. */
export async function untilInterrupted<T>(follow: boolean, work: (pause: Pause) => Promise<T>): Promise<T> {
  const interrupt = new AbortController();
  const stop = () => interrupt.abort();
  if (follow) process.once('SIGINT', stop);
  try {
    return await work((ms) => sleep(ms, interrupt.signal));
  } finally {
    process.off('SIGINT', stop);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', interrupted);
      resolve(true);
    }, ms);
    const interrupted = () => {
      clearTimeout(timer);
      resolve(false);
    };
    signal.addEventListener('abort', interrupted, { once: true });
  });
}
