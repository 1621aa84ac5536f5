/**
 * Which processes belong to a run, by /proc. A group is killed in one step, but a process can leave it, and then only where
 * it comes from tells whose it is. Elsewhere than on Linux nothing is found here, and the group is all that is killed.
 */
import { join } from 'node:path';
import { errnoOf } from '../model/errors.js';
import type { Files } from '../store/filesystem/files.js';
import { readStat } from '../store/filesystem/process-listing.js';

/** A process, told from another that has its PID later. */
export interface Mark {
  readonly pid: number;
  readonly start: string;
}

interface Entry extends Mark {
  readonly parent: number;
  readonly group: number;
  readonly session: number;
}

/** Looks at a family that goes on forking while it is killed. */
const MOST_ROUNDS = 20;

export class Descent {
  constructor(
    private readonly files: Files,
    private readonly proc = '/proc',
  ) {}

  /** Undefined where it is gone, and where the system does not tell. */
  mark(pid: number): Mark | undefined {
    const start = readStat(this.files, this.proc, pid)?.start;
    return start === undefined ? undefined : { pid, start };
  }

  /** True where something else has the PID now. */
  isAnother({ pid, start }: Mark): boolean {
    const now = readStat(this.files, this.proc, pid);
    return now !== undefined && now.start !== start;
  }

  /** The leader, all of its group and its session, and all that descends from one of these or of `known`, dead ones left out. */
  family(leader: Mark, known: readonly Mark[]): Mark[] {
    const all = this.#all();
    const isReused = all.some(({ pid, start }) => pid === leader.pid && start !== leader.start);
    const family = new Map<number, Mark>();
    const wanted = new Map([leader, ...known].map((mark) => [mark.pid, mark.start]));
    for (const one of all) {
      const isMember = !isReused && (one.group === leader.pid || one.session === leader.pid);
      if (isMember || wanted.get(one.pid) === one.start) family.set(one.pid, one);
    }
    for (let before = -1; before !== family.size; ) {
      before = family.size;
      for (const one of all) if (family.has(one.parent)) family.set(one.pid, one);
    }
    return [...family.values()].map(({ pid, start }) => ({ pid, start }));
  }

  /** Ends the group of the leader in one step, then whoever has left it, until nobody is found. */
  kill(leader: Mark, known: readonly Mark[]): void {
    // Who is stopped starts nobody between this look and the end.
    signal(-leader.pid, 'SIGSTOP');
    let left = this.family(leader, known);
    signal(-leader.pid, 'SIGKILL');
    for (let round = 0; round < MOST_ROUNDS && left.length > 0; round++) {
      for (const { pid } of left) signal(pid, 'SIGKILL');
      left = this.family(leader, left);
    }
  }

  /** What stands behind the first file descriptors of a process, such as "socket:[4711]". */
  descriptor(pid: number, fd: number): string | undefined {
    try {
      return this.files.readLink(join(this.proc, String(pid), 'fd', String(fd)));
    } catch {
      return undefined;
    }
  }

  /** The processes of ours that have one of `descriptors` open, this one left out. */
  holders(descriptors: readonly string[]): Mark[] {
    if (descriptors.length === 0) return [];
    return this.#all().filter(
      ({ pid }) => pid !== process.pid && this.#descriptors(pid).some((one) => descriptors.includes(one)),
    );
  }

  /** The processes of ours that were given `folder`, in an argument or as their input. */
  givenFolder(folder: string): Mark[] {
    return this.#all().filter(({ pid }) => {
      if (pid === process.pid) return false;
      if (this.descriptor(pid, 0)?.startsWith(`${folder}/`) === true) return true;
      return this.files.readKernelFile(join(this.proc, String(pid), 'cmdline'))?.includes(`${folder}/`) === true;
    });
  }

  #descriptors(pid: number): string[] {
    try {
      const fds = this.files.list(join(this.proc, String(pid), 'fd'));
      return fds.flatMap((fd) => this.descriptor(pid, Number(fd)) ?? []);
    } catch {
      // Another user's.
      return [];
    }
  }

  #all(): Entry[] {
    if (process.platform !== 'linux') return [];
    return this.files.list(this.proc).flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      const stat = readStat(this.files, this.proc, Number(name));
      if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return [];
      return [{ pid: Number(name), ...stat }];
    });
  }
}

/** Signals a process, or a whole group by its negative id. What is gone, or not ours, is passed over. Windows has no groups. */
export function signal(pid: number, name: 'SIGTERM' | 'SIGSTOP' | 'SIGKILL'): void {
  if (process.platform === 'win32' && name === 'SIGSTOP') return;
  try {
    process.kill(process.platform === 'win32' ? Math.abs(pid) : pid, name);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'ESRCH' && errno !== 'EPERM') throw error;
  }
}
