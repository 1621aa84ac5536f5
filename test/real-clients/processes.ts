/** Processes by what is in their environment, as /proc has it. */
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

/** How the names of the folders begin that tests make for clients. */
export const WORLD_PREFIX = 'world-of-clients-';

export interface Process {
  readonly pid: number;
  readonly command: string;
}

/** Those that were told of this path, or of one that begins so; without this one. What has ended has no environment. */
export function processesOf(folder: string): Process[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder)) return [];
      return [{ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() }];
    } catch {
      // It has ended, or another user's.
      return [];
    }
  });
}

export function kill({ pid }: Process): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone, which is what was wanted.
  }
}
