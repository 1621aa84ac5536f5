/** System calls of which one fails, for tests of what is left on disk. */
import * as nodeFs from 'node:fs';
import type { SystemCalls } from '../../src/store/filesystem/files.js';

/** Instead of an error, a write takes the first half of its bytes, or none. Other calls are left alone. */
export const SHORT_WRITES = ['half a write', 'a write of nothing'] as const;

export interface Fault {
  /** The call that fails, counted from 0 over all calls since `arm`. */
  readonly at: number;
  /** What it fails with, or one of `SHORT_WRITES`. */
  readonly errno: string;
  /** All calls from there on fail too, as on a disk that stays full. */
  readonly forGood: boolean;
}

export class FaultySystem {
  readonly calls: string[] = [];
  /** Descriptors that were opened and not closed. */
  readonly open = new Set<number>();
  /** What made the call fail: its name and path, undefined when the fault was not reached. */
  struck: string | undefined;
  #fault: Fault | undefined;
  readonly system: SystemCalls;

  /** @param overrides stand in for the real calls: a sync that costs nothing, a write that is short. */
  constructor(overrides: Partial<SystemCalls> = {}) {
    // Made anew for each of thousands of processes: only what is called is looked up, and once.
    this.system = new Proxy({} as { [name: string]: unknown }, {
      get: (known, name: string) => {
        known[name] ??= this.#wrapped(name, Reflect.get(overrides, name) ?? Reflect.get(nodeFs, name));
        return known[name];
      },
    }) as unknown as SystemCalls;
  }

  arm(fault: Fault | undefined): void {
    this.calls.length = 0;
    this.struck = undefined;
    this.#fault = fault;
  }

  #wrapped(name: string, call: ((...args: unknown[]) => unknown) | undefined) {
    if (call === undefined) throw new Error(`no such system call: ${name}`);
    return (...args: unknown[]) => this.#call(name, call, args);
  }

  #call(name: string, call: (...args: unknown[]) => unknown, args: unknown[]): unknown {
    const index = this.calls.push(name) - 1;
    const fault = this.#fault;
    const fails = fault !== undefined && (fault.forGood ? index >= fault.at : index === fault.at);
    // A close that reports an error has closed all the same (close(2)).
    if (name === 'closeSync') this.open.delete(args[0] as number);
    if (fails && isShortWrite(fault.errno)) {
      if (name !== 'writeSync') return this.#opening(name, call(...args));
      this.struck ??= `${name} ${String(args[0])}`;
      if (fault.errno === 'a write of nothing') return 0;
      const [fd, bytes, offset, length] = args as [number, Uint8Array, number, number];
      return call(fd, bytes, offset, Math.ceil(length / 2));
    }
    if (fails) {
      if (name === 'closeSync') call(...args);
      this.struck ??= `${name} ${String(args[0])}`;
      const message = `${fault.errno}: injected, ${name} ${String(args[0])}`;
      throw Object.assign(new Error(message), { code: fault.errno, syscall: name });
    }
    return this.#opening(name, call(...args));
  }

  #opening(name: string, result: unknown): unknown {
    if (name === 'openSync') this.open.add(result as number);
    return result;
  }
}

function isShortWrite(errno: string): boolean {
  return SHORT_WRITES.some((known) => known === errno);
}
