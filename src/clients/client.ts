/** What is known of a client: how to tell that it is here, where it keeps its servers and hooks, and how they are written. */
import type { Syntax } from './json-syntax.js';
import type { Entry } from './launch.js';
import type { Machine } from './machine.js';

/** For all projects of this user, or for the one in the working directory. */
export type Scope = 'user' | 'project';

export interface Client {
  /** As `--client` and `hook` take it. */
  readonly id: string;
  readonly name: string;
  /** What it calls itself when it opens a connection. */
  readonly clientName: RegExp;
  /** Its programs; any of them on the PATH shows that it is here. */
  readonly programs: readonly string[];
  /** Files or folders that show the same. */
  traces(machine: Machine): readonly string[];
  server(scope: Scope, machine: Machine): ServerPlace;
  /** Absent where hooks do not help. */
  hooks?(scope: Scope, machine: Machine): HooksPlace;
  /** Where it says which plugins are enabled; absent where there are none of ours. */
  plugins?(machine: Machine): readonly PluginsPlace[];
  /** What is left to a person after it was set up, as sentences. */
  next(scope: Scope): readonly string[];
  /** For a client of which nothing wakes an idle window: when mail is shown there, as a sentence. */
  readonly idle?: string;
  /** What cannot be found out from outside, as sentences for `doctor --wake`. */
  readonly unknowable: readonly string[];
}

export interface ServerPlace {
  readonly file: string;
  /** TOML is only read: the client's own command writes it. */
  readonly syntax: Syntax | 'toml';
  /** The keys that lead to the servers. */
  readonly path: readonly string[];
  /** The keys, in the same file, to servers of the working directory alone, which count before those. */
  readonly narrower?: readonly string[];
  /** The client writes to this file all the time, so that it is never put back as it once was. */
  readonly live?: boolean;
  readonly command?: ServerCommand;
  /** An entry as this client writes it. */
  shape(entry: Entry): Entry;
}

/** The keys that lead to an object of plugins by name, true for those that are enabled. */
export interface PluginsPlace {
  readonly file: string;
  readonly syntax: Syntax;
  readonly path: readonly string[];
}

/** The client's own command for its servers: words behind the name of its program. */
export interface ServerCommand {
  readonly program: string;
  add(name: string, entry: Entry): readonly string[];
  remove(name: string): readonly string[];
  /** Whether `add` replaces an entry of that name; else it is removed first. */
  readonly replaces: boolean;
}

export interface HooksPlace {
  readonly file: string;
  readonly syntax: Syntax;
  /** Properties that the file needs besides its hooks. */
  readonly header?: Readonly<Record<string, unknown>>;
  readonly events: readonly HookEvent[];
}

export interface HookEvent {
  readonly event: string;
  /** The item of the event's list that runs the line. */
  item(line: string): unknown;
}

/** The shape of hooks that came with Claude Code and others took over: groups of handlers. */
export function groupedHook(event: string, handler: (line: string) => object): HookEvent {
  return { event, item: (line) => ({ hooks: [handler(line)] }) };
}

/** `{command, args, env}`, without an `env` that is empty. */
export function plainEntry({ command, args, env = {} }: Entry): Entry {
  return { command, args, ...(Object.keys(env).length === 0 ? {} : { env }) };
}

export function stdioEntry(entry: Entry): Entry {
  return { type: 'stdio', ...plainEntry(entry) };
}
