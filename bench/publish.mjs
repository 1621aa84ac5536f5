/** What a durable publish costs at the least: the floor of dispatch and of a broadcast. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

let serial = 0;

/** Writes a file aside, syncs it, gives it its name in `folder`, and syncs the folder. Synchronous, in this process. */
export function publish(aside, folder, bytes) {
  const name = `${process.pid}-${serial++}.json`;
  const temporary = path.join(aside, name);
  const file = openSync(temporary, 'wx', 0o600);
  writeSync(file, bytes);
  fsyncSync(file);
  closeSync(file);
  renameSync(temporary, path.join(folder, name));
  syncFolder(folder);
}

/** Has the system write out what changed in `folder`, and with it, on a journaling file system, what came before. */
export function syncFolder(folder) {
  // Windows refuses to sync a directory.
  if (process.platform === 'win32') return;
  const directory = openSync(folder, 'r');
  fsyncSync(directory);
  closeSync(directory);
}
