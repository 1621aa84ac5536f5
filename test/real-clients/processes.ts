/** Processes by what is in their environment, as /proc has it. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

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

// $0 is the folder, $1 this process. A run can be killed outright, and some clients leave processes that would stay for ever.
const WATCH = `while kill -0 "$1" 2>/dev/null; do sleep 1; done
for each in /proc/[0-9]*; do
  if grep -qsF "$0" "$each/environ"; then kill -9 "\${each#/proc/}"; fi
done
rm -rf "$0"`;

/** Should this process be killed, ends all that was told of the folder, and removes it. Returns what calls that off. */
export function watchOver(folder: string): () => void {
  const env = { PATH: process.env.PATH };
  const watch = spawn('sh', ['-c', WATCH, folder, `${process.pid}`], { env, detached: true, stdio: 'ignore' });
  watch.unref();
  return () => watch.kill();
}
