/**
 * What making a file costs where the bench runs. On ext4 that is not one number: for up to six minutes after many files
 * were removed, by the bench before or by a test run, a new one near them takes 1.5 ms instead of 10 us, because every
 * inode that was freed lately is passed over (recently_deleted() in fs/ext4/ialloc.c). Sends make files; floors like an empty call do not.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { median } from './statistics.mjs';

/** Asks ext4 to place each folder that is made in `folder` somewhere else, away from what was removed there (chattr(1), `T`). */
export function spreadFolders(folder) {
  if (process.platform !== 'linux') return;
  try {
    execFileSync('chattr', ['+T', folder], { stdio: 'ignore' });
  } catch {
    // Another file system, or no such command: `newFileMicroseconds` tells whether it would have mattered.
  }
}

export function newFileMicroseconds(folder) {
  const samples = [];
  for (let index = 0; index < 50; index++) {
    const file = path.join(folder, `new-${index}`);
    const start = performance.now();
    closeSync(openSync(file, 'wx', 0o600));
    samples.push((performance.now() - start) * 1000);
    unlinkSync(file);
  }
  return median(samples);
}
