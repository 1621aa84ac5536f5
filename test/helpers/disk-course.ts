/**
 * What a process did to its disk, call by call, and which calls failed, but not with what: two that began on the same disk
 * and have the same course have left the same disk. Ids, which are random, and process numbers count by their order.
 */
import type { SystemCalls } from '../../src/store/filesystem/files.js';

const RANDOM = /[0-9a-z]{20}|\bmsg-[0-9a-z]{12}|"pid":\d+|tick-[\d-]+/g;

export class DiskCourse {
  readonly system: SystemCalls;
  readonly #steps: string[] = [];
  readonly #paths = new Map<unknown, string>();

  constructor(system: SystemCalls) {
    this.system = new Proxy({} as { [name: string]: unknown }, {
      get: (known, name: string) => {
        known[name] ??= this.#noted(name, Reflect.get(system, name));
        return known[name];
      },
    }) as unknown as SystemCalls;
  }

  /** Forgets what was done until now. */
  begin(): void {
    this.#steps.length = 0;
  }

  /** @param answers of the process, which tell two courses apart as its calls do, under the same ids. */
  text(answers: unknown): string {
    const numbers = new Map<string, number>();
    return [...this.#steps, JSON.stringify(answers)].join('\n').replace(RANDOM, (found) => {
      const number = numbers.get(found) ?? numbers.size;
      numbers.set(found, number);
      return `#${number}`;
    });
  }

  #noted(name: string, call: (...args: unknown[]) => unknown) {
    return (...args: unknown[]) => {
      const told = this.#told(name, args);
      const step = this.#steps.push(`${told} failed`) - 1;
      const result = call(...args);
      // Of a write, how many of its bytes were taken.
      this.#steps[step] = name === 'writeSync' ? `${told} ${result}` : told;
      if (name === 'openSync') this.#paths.set(result, String(args[0]));
      return result;
    };
  }

  #told(name: string, [first, ...args]: readonly unknown[]): string {
    // The bytes of a read are its result, and follow from what was written.
    const rest = args.map((arg) =>
      arg instanceof Uint8Array ? name === 'writeSync' && Buffer.from(arg).toString('latin1') : JSON.stringify(arg),
    );
    return [name, typeof first === 'number' ? this.#paths.get(first) : first, ...rest].join(' ');
  }
}
