/**
 * One folder for the temporary files of a run, of tests and of what they start. It goes with the run, also what a test that
 * was interrupted has left.
 *
 * It lies in memory where the system has a place there that will do: the tests ask what was synced, and in which order, and
 * never the disk itself; and on ext4 files that were removed make new ones slow. TMPDIR chooses another place.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, realpathSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { spreadFolders } from '../bench/new-files.mjs';

const IN_MEMORY = '/dev/shm';
// Far more than a run needs at a time. Containers often have 64 MiB there.
const LEAST_BYTES = 2 ** 30;
const LEAST_FILES = 200_000;

export default function setup(): () => void {
  const folder = makeFolder();
  // For the tests that run as another user.
  chmodSync(folder, 0o711);
  // Tests remove many files, and that makes new ones slow.
  spreadFolders(folder);
  // Windows has two names for it. The workers inherit them.
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
  return () => remove(folder);
}

function makeFolder(): string {
  const inMemory = process.env.TMPDIR === undefined ? folderInMemory() : undefined;
  return inMemory ?? makeIn(os.tmpdir());
}

/** Undefined where there is none, where it is small, and where no program in it may run. */
function folderInMemory(): string | undefined {
  let folder: string;
  try {
    const { bsize, bavail, ffree } = statfsSync(IN_MEMORY);
    if (bsize * bavail < LEAST_BYTES || ffree < LEAST_FILES) return undefined;
    folder = makeIn(IN_MEMORY);
  } catch {
    return undefined;
  }
  const program = path.join(folder, 'program');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o700 });
  const { status } = spawnSync(program);
  rmSync(program);
  if (status === 0) return folder;
  remove(folder);
  return undefined;
}

const makeIn = (place: string) => realpathSync(mkdtempSync(path.join(place, 'mcp-dispatch-test-')));

const remove = (folder: string) => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
