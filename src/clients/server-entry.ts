/** The entry for this server in a client's file: what stands there, what should, and how to get from one to the other. */
import { parse, TomlError } from 'smol-toml';
import type { ServerPlace } from './client.js';
import { openDocument } from './client-file.js';
import { readText } from './files.js';
import { type Entry, isOurLaunch, type Launch, SERVER_NAME } from './launch.js';
import { SetupProblem } from './setup-problem.js';

export type Found =
  | { readonly kind: 'none' }
  | { readonly kind: 'ours'; readonly entry: Entry }
  /** Something else of our name. */
  | { readonly kind: 'other' };

/** What the file has under our name. @throws SetupProblem when the file cannot be read or understood. */
export function findEntry(place: ServerPlace): Found {
  const value = readEntry(place);
  if (value === undefined) return { kind: 'none' };
  return isOurLaunch(value) ? { kind: 'ours', entry: value } : { kind: 'other' };
}

/** Where the servers of the working directory alone are, which count before those of `place`; undefined where there are none. */
export function narrowerPlace(place: ServerPlace): ServerPlace | undefined {
  const { narrower, ...others } = place;
  return narrower === undefined ? undefined : { ...others, path: narrower };
}

/** The entry that is wanted; what a person added to ours stays. */
export function wantedEntry(
  place: ServerPlace,
  launch: Launch,
  env: Readonly<Record<string, string>>,
  found: Found,
): Entry {
  const old = found.kind === 'ours' ? found.entry : undefined;
  const shaped = place.shape({ ...launch, env: { ...old?.env, ...env } });
  return { ...old, ...shaped };
}

/** What a person has added to an entry of ours. */
export function addedKeys(entry: Entry): string[] {
  return Object.keys(entry).filter((key) => !['type', 'command', 'args', 'env'].includes(key));
}

/** Whether what stands there starts what is wanted. */
export function isSame(found: Found, wanted: Entry): boolean {
  if (found.kind !== 'ours') return false;
  const { command, args, env = {} } = found.entry;
  return (
    command === wanted.command &&
    args.length === wanted.args.length &&
    args.every((word, at) => word === wanted.args[at]) &&
    Object.entries(wanted.env ?? {}).every(([name, value]) => env[name] === value)
  );
}

/** The lines for Codex's file, for a person to paste. A basic string of TOML escapes as JSON does, and DEL besides. */
export function tomlEntry({ command, args, env = {} }: Entry): string {
  const text = (value: string) => JSON.stringify(value).replaceAll('\x7f', '\\u007F');
  const pairs = Object.entries(env).map(([name, value]) => `${name} = ${text(value)}`);
  return [
    `[mcp_servers.${SERVER_NAME}]`,
    `command = ${text(command)}`,
    `args = [${args.map(text).join(', ')}]`,
    ...(pairs.length === 0 ? [] : [`env = { ${pairs.join(', ')} }`]),
  ].join('\n');
}

function readEntry({ file, syntax, path }: ServerPlace): unknown {
  const keys = [...path, SERVER_NAME];
  if (syntax !== 'toml') return openDocument(file, syntax).doc.get(keys);
  let value: unknown;
  try {
    value = parse(readText(file)?.replace(/^\ufeff/, '') ?? '');
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [said = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    const place = `${file}:${error.line}:${error.column}`;
    throw new SetupProblem(
      place,
      `not valid TOML: ${said}. The file was left alone: correct it, then run this again.`,
      error,
    );
  }
  for (const key of keys) value = isTable(value) ? value[key] : undefined;
  return value;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
