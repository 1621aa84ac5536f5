/**
 * Sets a client up: its entry for this server, and its hooks. In this order:
 * 1. Look at every file. One that cannot be understood, or has another entry of our name, ends it before anything is changed.
 * 2. Copy the files that get their first change from us.
 * 3. The server, by the client's own command where there is one, then the hooks.
 * Doing it again changes nothing.
 */

import type { Client, HooksPlace, Scope, ServerPlace } from './client.js';
import { backUp, editFile, openDocument, withPlace } from './client-file.js';
import { diffLines } from './diff.js';
import { ourHooks, putHooks } from './hook-entries.js';
import type { JsonDocument } from './json-edit.js';
import { type Entry, hookLine, type Launch, SERVER_NAME } from './launch.js';
import type { Machine } from './machine.js';
import { type Change, type Outcome, Progress } from './outcome.js';
import { ownProgram, runOwn } from './own-command.js';
import { findPlugin } from './plugin.js';
import { addedKeys, type Found, findEntry, isSame, narrowerPlace, tomlEntry, wantedEntry } from './server-entry.js';
import { SetupProblem } from './setup-problem.js';

export interface Wish {
  readonly launch: Launch;
  /** The environment that the entry gives the server. */
  readonly env: Readonly<{ [name: string]: string }>;
  readonly scope: Scope;
  readonly hooks: boolean;
  /** Replaces an entry of our name that is not ours. */
  readonly force: boolean;
  /** Changes nothing, and shows what would be changed. */
  readonly dryRun: boolean;
}

/** Does not throw for anything that is wrong with the client or its files: the outcome says it. */
export function setUp(client: Client, wish: Wish, machine: Machine): Promise<Outcome> {
  const record = new Progress(client);
  return record.run(async () => {
    const server = client.server(wish.scope, machine);
    const hooks = wish.hooks ? client.hooks?.(wish.scope, machine) : undefined;
    const plugin = findPlugin(client, machine);
    if (plugin !== undefined) {
      record.notes.push(
        `${plugin.file} has the plugin ${plugin.name} enabled, which brings the server and its hooks: nothing was added. Disable it to be set up without it.`,
      );
      return record.end('already-set-up');
    }
    const found = findEntry(server);
    if (found.kind === 'other' && !wish.force) throw notOurs(server);
    addNotes(server, wish, record);
    const wanted = wantedEntry(server, wish.launch, wish.env, found);
    const program = ownProgram(server, machine);
    const job: Job = { client, wish, machine, record, server, hooks, found, wanted, program };
    const needsServer = !isSame(found, wanted);
    const edits = plannedEdits(job, needsServer);
    const byCommand = needsServer && program !== undefined;
    if (needsServer && program === undefined && server.syntax === 'toml') adviseToml(job);
    const backups = wish.dryRun ? new Map<string, string>() : backUpAll(job, byCommand, edits);
    if (byCommand) await addByCommand(job, program, backups);
    for (const edit of edits) apply(edit, job, backups);
    if (record.byHand !== undefined) return record.end('by-hand', client.next(wish.scope));
    return record.changes.length === 0 ? record.end('already-set-up') : record.end('set-up', client.next(wish.scope));
  });
}

interface Job {
  readonly client: Client;
  readonly wish: Wish;
  readonly machine: Machine;
  readonly record: Progress;
  readonly server: ServerPlace;
  readonly hooks: HooksPlace | undefined;
  readonly found: Found;
  readonly wanted: Entry;
  readonly program: string | undefined;
}

interface Edit {
  readonly what: Change['what'];
  readonly file: string;
  readonly syntax: HooksPlace['syntax'];
  readonly make: (doc: JsonDocument) => JsonDocument;
}

/** One for each file that has to be changed by us. @throws SetupProblem for a file in which that cannot be done. */
function plannedEdits({ client, wish, machine, server, hooks, wanted, program }: Job, needsServer: boolean): Edit[] {
  const { syntax } = server;
  const edits: Edit[] = [];
  if (needsServer && program === undefined && syntax !== 'toml') {
    const make = (doc: JsonDocument) => doc.set([...server.path, SERVER_NAME], wanted);
    edits.push({ what: 'server', file: server.file, syntax, make });
  }
  if (hooks !== undefined) {
    const line = (event: string) =>
      hookLine({ ...wish.launch, env: wanted.env ?? {} }, client.id, event, machine.platform);
    const make = (doc: JsonDocument) => putHooks(doc, hooks, client.id, line);
    const [first] = edits;
    if (first?.file === hooks.file) {
      edits[0] = { ...first, what: 'server and hooks', make: (doc) => make(first.make(doc)) };
    } else edits.push({ what: 'hooks', file: hooks.file, syntax: hooks.syntax, make });
  }
  return edits.filter((edit) => {
    const { doc, text } = openDocument(edit.file, edit.syntax);
    return withPlace(edit.file, () => edit.make(doc)).text !== text;
  });
}

/** Copies of the files that hold nothing of ours yet, or from which something is taken away: by their names. */
function backUpAll(job: Job, byCommand: boolean, edits: readonly Edit[]): Map<string, string> {
  const { server, found, machine } = job;
  const files = new Set(edits.map(({ file }) => file));
  // A live file is in the client's own care; what --force takes out of it is lost without a copy.
  if (byCommand && (server.live !== true || found.kind === 'other')) files.add(server.file);
  const backups = new Map<string, string>();
  for (const file of files) {
    const replaces = file === server.file && found.kind === 'other';
    const backup = holdsOurs(file, job) && !replaces ? undefined : backUp(file, machine.now());
    if (backup !== undefined) backups.set(file, backup);
  }
  return backups;
}

function holdsOurs(file: string, { client, server, hooks, found }: Job): boolean {
  if (file === server.file && found.kind === 'ours') return true;
  return file === hooks?.file && ourHooks(openDocument(file, hooks.syntax).doc, client.id).length > 0;
}

async function addByCommand(job: Job, program: string, backups: ReadonlyMap<string, string>): Promise<void> {
  const { server, wanted, found, wish, machine, record } = job;
  const { command, file } = server;
  if (command === undefined) return;
  const add = command.add(SERVER_NAME, wanted);
  const added = found.kind === 'ours' && command.replaces ? addedKeys(found.entry) : [];
  if (added.length > 0) {
    record.notes.push(`${command.program} writes the entry anew: put back what was added to it (${added.join(', ')}).`);
  }
  const commands = found.kind === 'none' || command.replaces ? [add] : [command.remove(SERVER_NAME), add];
  for (const words of commands) {
    if (!wish.dryRun) await runOwn(program, words, machine);
    const backup = backups.get(file);
    record.changes.push({
      what: 'server',
      file,
      command: [command.program, ...words],
      ...(backup === undefined ? {} : { backup }),
    });
  }
  if (!wish.dryRun && !isSame(findEntry(server), wanted)) {
    throw new SetupProblem(
      file,
      `${command.program} ${add.slice(0, 2).join(' ')} ended well, and its entry is not in this file.`,
    );
  }
}

function apply({ what, file, syntax, make }: Edit, { wish, record }: Job, backups: ReadonlyMap<string, string>): void {
  if (wish.dryRun) {
    const { doc, text } = openDocument(file, syntax);
    record.changes.push({ what, file, diff: diffLines(text, make(doc).text) });
    return;
  }
  editFile(file, syntax, (doc) => make(doc).text);
  const backup = backups.get(file);
  record.changes.push({ what, file, ...(backup === undefined ? {} : { backup }) });
}

function notOurs({ file }: ServerPlace): SetupProblem {
  const what = `has an entry "${SERVER_NAME}" that is not of this program. It was left alone`;
  return new SetupProblem(file, `${what}: rename or remove it, or replace it with --force.`);
}

function addNotes(server: ServerPlace, { scope, launch }: Wish, { notes }: Progress): void {
  const place = narrowerPlace(server);
  if (place !== undefined && findEntry(place).kind !== 'none') {
    notes.push(`${server.file} has an entry for this directory alone, which counts here before the one for all.`);
  }
  if (scope === 'project' && launch.command !== 'npx') {
    notes.push('The entry names where the program is on this machine: others who share the project need their own.');
  }
}

function adviseToml({ client, server, wanted, record, wish }: Job): void {
  const why = server.command === undefined || wish.scope === 'project' ? '' : `${client.name} is not on the PATH. `;
  record.byHand = { text: `${why}Add this to ${server.file}:`, paste: tomlEntry(wanted) };
}
