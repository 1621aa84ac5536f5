/** Processes of this machine, by /proc where there is one, else by signal 0 and what `ps` says. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { errnoOf } from '../../model/errors.js';
import { lazyBuiltin } from '../../model/lazy-builtin.js';
import type { Ancestry, Liveness, Processes, ProcessIdentity, ProcessMark } from '../processes.js';
import { findClientOf } from './client-process.js';
import { Files } from './files.js';
import { askPs, readKin, readStat } from './process-listing.js';

const childProcess = lazyBuiltin<typeof import('node:child_process')>('node:child_process');

export class ProcessTable implements Processes, Ancestry {
  readonly #files: Files;
  readonly #proc: string;
  #self: ProcessIdentity | undefined;

  constructor(files: Files = new Files(), proc = '/proc') {
    this.#files = files;
    this.#proc = proc;
  }

  self(): ProcessIdentity {
    this.#self ??= {
      pid: process.pid,
      host: hostname(),
      ...withoutUndefined({
        boot: this.#files.readKernelFile(join(this.#proc, 'sys/kernel/random/boot_id'))?.trim(),
        namespace: this.#namespace(),
        start: this.#statOf(process.pid)?.start,
      }),
    };
    return this.#self;
  }

  /**
   * 1. Another boot of this machine: dead. Another machine: unknown.
   * 2. Another PID namespace: unknown, since neither sees the other's processes.
   * 3. No such process, or a zombie that nobody has waited for: dead. "Not permitted to signal it" means that it lives.
   * 4. Another start time than the one recorded: the PID was reused, dead.
   * 5. Stopped by a signal (SIGSTOP, Ctrl-Z): stopped. Not one that a tracer holds, which is so for an instant at each of
   *    its system calls.
   */
  check(other: ProcessIdentity): Liveness {
    const self = this.self();
    if (other.boot !== undefined && self.boot !== undefined) {
      if (other.boot !== self.boot) return other.host === self.host ? 'dead' : 'unknown';
    } else if (other.host !== self.host) {
      return 'unknown';
    }
    if (other.namespace !== self.namespace) return 'unknown';
    if (!Number.isSafeInteger(other.pid) || other.pid <= 0) return 'dead';
    if (other.pid === self.pid) return other.start === self.start ? 'alive' : 'dead';
    try {
      process.kill(other.pid, 0);
    } catch (error) {
      if (errnoOf(error) !== 'EPERM') return 'dead';
    }
    const found = this.#statOf(other.pid);
    if (found === undefined) return 'alive';
    if (found.state === 'Z' || found.state === 'X') return 'dead';
    if (other.start !== undefined && found.start !== other.start) return 'dead';
    return found.state === 'T' ? 'stopped' : 'alive';
  }

  findClient(): ProcessMark | undefined {
    const script = process.argv[1];
    if (readStat(this.#files, this.#proc, process.pid) !== undefined)
      return findClientOf(process.pid, script, (pid) => readKin(this.#files, this.#proc, pid));
    // Windows keeps no trace of who started a process once that one has ended.
    if (process.platform === 'win32' || process.platform === 'linux') return undefined;
    const all = askPs();
    return findClientOf(process.pid, script, (pid) => all.get(pid));
  }

  markOf(pid: number): ProcessMark | undefined {
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
    const start = this.#statOf(pid)?.start;
    return start === undefined ? undefined : { pid, start };
  }

  #namespace(): string | undefined {
    try {
      return this.#files.readLink(join(this.#proc, 'self/ns/pid'));
    } catch {
      return undefined;
    }
  }

  /** Start time, and the state as one letter; undefined when the system does not tell. */
  #statOf(pid: number): { start: string; state: string } | undefined {
    const stat = readStat(this.#files, this.#proc, pid);
    if (stat !== undefined) return stat;
    if (process.platform === 'win32' || process.platform === 'linux') return undefined;
    const ps = childProcess().spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      timeout: 1000,
      env: { LC_ALL: 'C', TZ: 'UTC' },
    });
    const [, state, start] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(ps.stdout ?? '') ?? [];
    return state === undefined || start === undefined ? undefined : { start, state: state.charAt(0) };
  }
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as never;
}
