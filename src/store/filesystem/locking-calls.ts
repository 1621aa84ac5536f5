/** The door to the file system as `proper-lockfile` wants to be given it: `node:fs` with callbacks. */
import type { SystemCalls } from './system-calls.js';

type Done<T> = (error: unknown, answer?: T) => void;

/** Calls in the form of `node:fs` that answer before they return. A folder is made 0700. */
export function lockingCalls(sys: SystemCalls) {
  const answering =
    <Args extends unknown[], T>(call: (path: string, ...args: Args) => T) =>
    (path: string, ...rest: [...Args, Done<T>]) => {
      const done = rest.pop() as Done<T>;
      let answer: T;
      try {
        answer = call(path, ...(rest as unknown[] as Args));
      } catch (error) {
        done(error);
        return;
      }
      done(null, answer);
    };
  return {
    mkdir: answering((path) => sys.mkdirSync(path, { mode: 0o700 })),
    rmdir: answering((path) => sys.rmdirSync(path)),
    stat: answering((path) => sys.lstatSync(path)),
    utimes: answering((path, accessed: Date, modified: Date) => sys.utimesSync(path, accessed, modified)),
    // When the process ends.
    rmdirSync: (path: string) => sys.rmdirSync(path),
  };
}
