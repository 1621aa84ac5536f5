/**
 * The folder of one run: what the program reads as its input, and where it leaves its last message. Below the temporary
 * folder of the system, so that nothing of it is in anybody's repository. Private, and gone with the run.
 */
import { join } from 'node:path';
import type { Files } from '../store/filesystem/files.js';
import { MESSAGE_BYTES, TAIL_BYTES } from './run-outcome.js';

// What a program may leave there: more is not removed, so that the end of a run is bounded.
const MOST_REMOVED = 10_000;

export const outputFileIn = (folder: string) => join(folder, 'message');
export const inputFileIn = (folder: string) => join(folder, 'input');

/** @throws errno errors, EEXIST among them: a folder that somebody else made is not used. */
export function makeRunFolder(files: Files, folder: string, input: string | undefined): void {
  if (!files.makeDirectory(folder)) throw Object.assign(new Error(`${folder} is there already`), { code: 'EEXIST' });
  try {
    if (input !== undefined) files.writeNew(inputFileIn(folder), Buffer.from(input), false);
  } catch (error) {
    files.removeEmptyDirectory(folder);
    throw error;
  }
}

/** The message that the program left: a plain file of ours, nothing that is followed. Never throws. */
export function readMessage(
  files: Files,
  folder: string,
): { message?: string; messageCut?: true; messageEnd?: string } {
  try {
    const read = files.readPart(outputFileIn(folder), 0, MESSAGE_BYTES);
    if (read?.ok !== true) return {};
    const message = new TextDecoder().decode(read.bytes);
    if (read.size <= read.bytes.length) return { message };
    const end = files.readPart(outputFileIn(folder), read.size - TAIL_BYTES, TAIL_BYTES);
    const messageEnd = end?.ok === true ? { messageEnd: new TextDecoder().decode(end.bytes) } : {};
    return { message, messageCut: true, ...messageEnd };
  } catch {
    return {};
  }
}

/** With all in it; links are removed, not followed. What cannot be removed stays. */
export function removeRunFolder(files: Files, folder: string): void {
  let left = MOST_REMOVED;
  const remove = (path: string): void => {
    if (left-- <= 0) return;
    if (files.kindOf(path) !== 'directory') files.discard(path);
    else {
      for (const name of files.list(path)) remove(join(path, name));
      files.removeEmptyDirectory(path);
    }
  };
  try {
    remove(folder);
  } catch {
    // The temporary folder is the system's to clean.
  }
}
