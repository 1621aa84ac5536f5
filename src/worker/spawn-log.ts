/** Where a worker that was started by itself says what happens: a file in the relay, and the one before it. */
import { dirname, join } from 'node:path';
import type { Files } from '../store/filesystem/files.js';

// Two lines a job: some thousand jobs. A worker that runs on writes on; the next one begins anew.
const MOST_BYTES = 1024 * 1024;

/** `name` as in `[worker] autospawn`: an agent id, or `lanes`. */
export function spawnLogIn(relay: string, name: string): string {
  return join(relay, '.worker-logs', `${name}.log`);
}

/** Runs `work` with the log open for the worker to write to. @throws errno errors */
export function withSpawnLog<T>(files: Files, path: string, work: (fd: number) => T): T {
  const folder = dirname(path);
  files.ensureDirectory(folder);
  if (files.kindOf(folder) !== 'directory')
    throw Object.assign(new Error(`${folder} is no folder`), { code: 'ENOTDIR' });
  const size = files.lstat(path)?.size ?? 0;
  if (size > MOST_BYTES) files.rename(path, `${path}.1`);
  return files.withAppend(path, work);
}
