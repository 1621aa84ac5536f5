/**
 * Takes out of a client what `setUp` put in: our entry, our hooks, and the objects, files and copies that were made for them.
 * What was there before is told by the newest copy of a file; where there is none, the file was not there.
 */
import path from 'node:path';
import type { Client, HooksPlace, Scope, ServerPlace } from './client.js';
import { findBackup, openDocument } from './client-file.js';
import { diffLines } from './diff.js';
import { isLink, readText, removeEmptyFolder, removeFile, replaceText } from './files.js';
import { ourHooks, takeHooks, withoutHeader } from './hook-entries.js';
import { JsonDocument } from './json-edit.js';
import { type Step, sameTokens } from './json-syntax.js';
import { isOurLaunch, SERVER_NAME } from './launch.js';
import type { Machine } from './machine.js';
import { type Outcome, Progress } from './outcome.js';
import { ownProgram, runOwn } from './own-command.js';
import { findEntry } from './server-entry.js';

export interface RemovalWish {
  readonly scope: Scope;
  readonly dryRun: boolean;
}

/** Does not throw for anything that is wrong with the client or its files: the outcome says it. */
export function remove(client: Client, wish: RemovalWish, machine: Machine): Promise<Outcome> {
  const record = new Progress(client);
  return record.run(async () => {
    const server = client.server(wish.scope, machine);
    const hooks = client.hooks?.(wish.scope, machine);
    const found = findEntry(server);
    const hasHooks = hooks !== undefined && ourHooks(openDocument(hooks.file, hooks.syntax).doc, client.id).length > 0;
    if (found.kind === 'other')
      record.notes.push(`${server.file} has an entry "${SERVER_NAME}" that is not of this program. It was left alone.`);
    if (found.kind !== 'ours' && !hasHooks) return record.end('not-set-up');
    const program = ownProgram(server, machine);
    const byCommand = found.kind === 'ours' && program !== undefined;
    if (byCommand) await removeByCommand(server, program, { wish, machine, record });
    const job: Job = { client, wish, machine, record, server, hooks, byCommand };
    const ownEdit = found.kind === 'ours' && !byCommand;
    if (ownEdit && server.syntax === 'toml') {
      record.byHand = { text: `Remove the table [${server.path}.${SERVER_NAME}] from ${server.file}.` };
    }
    if (server.syntax === 'toml') {
      if (byCommand) settleToml(server.file, wish);
    } else if (ownEdit || (byCommand && server.live !== true)) edit(job, server.file, server.syntax);
    if (hasHooks && hooks !== undefined && !(hooks.file === server.file && (ownEdit || byCommand))) {
      edit(job, hooks.file, hooks.syntax);
    }
    return record.end(record.byHand === undefined ? 'removed' : 'by-hand', ['restart its open windows']);
  });
}

interface Doing {
  readonly wish: RemovalWish;
  readonly machine: Machine;
  readonly record: Progress;
}

interface Job extends Doing {
  readonly client: Client;
  readonly server: ServerPlace;
  readonly hooks: HooksPlace | undefined;
  /** The client's own command has taken the server out, and may have written the whole file anew. */
  readonly byCommand: boolean;
}

async function removeByCommand({ command, file }: ServerPlace, program: string, { wish, machine, record }: Doing) {
  if (command === undefined) return;
  const words = command.remove(SERVER_NAME);
  if (!wish.dryRun) await runOwn(program, words, machine);
  record.changes.push({ what: 'server', file, command: [command.program, ...words] });
}

/** Takes out of one file whatever of ours is in it, and puts the file back where nothing else has changed. */
function edit(job: Job, file: string, syntax: JsonDocument['syntax']): void {
  const { wish, record, server, hooks } = job;
  const backup = findBackup(file);
  const before = backup === undefined ? undefined : openDocument(backup, syntax).doc;
  const text = readText(file);
  if (text === undefined) return;
  const taken = take(job, file, new JsonDocument(text, syntax), before);
  const isGone = before === undefined && taken.isEmpty && !isLink(file);
  const bare = hooks === undefined ? taken : withoutHeader(taken, hooks, keeper(before));
  const isBack = before !== undefined && isAsBefore(bare, before, job.byCommand && file === server.file);
  const after = isGone ? undefined : isBack ? before.text : taken.text;
  const holdsServer = file === server.file && !job.byCommand;
  const what = holdsServer ? (file === hooks?.file ? 'server and hooks' : 'server') : 'hooks';
  if (wish.dryRun) {
    record.changes.push({ what, file, diff: diffLines(text, after) });
    return;
  }
  if (isGone) {
    replaceText(file, text, undefined);
    if (wish.scope === 'project') removeEmptyFolder(path.dirname(file));
  } else if (after !== text) replaceText(file, text, after);
  if (isBack && backup !== undefined) removeFile(backup);
  if (backup !== undefined && !isBack) {
    record.notes.push(`${file} has changed since it was set up; what it held before is in ${backup}.`);
  }
  // What the client's command left behind is no change of its own.
  if (after !== text && (holdsServer || file === hooks?.file)) record.changes.push({ what, file });
}

function take(
  { client, server, hooks }: Job,
  file: string,
  doc: JsonDocument,
  before: JsonDocument | undefined,
): JsonDocument {
  const keep = keeper(before);
  let taken = doc;
  if (file === hooks?.file) taken = takeHooks(taken, hooks, client.id, keep);
  if (file === server.file) {
    const entry = [...server.path, SERVER_NAME];
    if (isOurLaunch(taken.get(entry))) {
      const replaced = before !== undefined && keep(entry) && !isOurLaunch(before.get(entry));
      taken = replaced ? taken.restore(entry, before) : taken.remove(entry, keep);
    }
    // What the client's own command leaves behind.
    if (isEmptyObject(taken.get(server.path)) && !keep(server.path)) taken = taken.remove(server.path, keep);
  }
  return taken;
}

function keeper(before: JsonDocument | undefined): (at: readonly Step[]) => boolean {
  return (at) => before?.get(at) !== undefined;
}

/** Whether nothing but us has changed the file. A client's command may have changed its white space. */
function isAsBefore(taken: JsonDocument, before: JsonDocument, rewritten: boolean): boolean {
  if (taken.text === before.text || (taken.isEmpty && before.isEmpty)) return true;
  return rewritten && sameTokens(taken.text, before.text);
}

/** The client's command leaves the file that it made, empty. */
function settleToml(file: string, { dryRun, scope }: RemovalWish): void {
  const [text, backup] = [readText(file), findBackup(file)];
  if (dryRun || text === undefined) return;
  if (backup !== undefined) {
    if (readText(backup) === text) removeFile(backup);
  } else if (text.trim() === '') {
    replaceText(file, text, undefined);
    if (scope === 'project') removeEmptyFolder(path.dirname(file));
  }
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}
