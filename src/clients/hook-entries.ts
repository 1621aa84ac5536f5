/** Our hooks in a client's file: found by the line that they run, put in, brought up to date, and taken out. */
import type { HooksPlace } from './client.js';
import type { JsonDocument } from './json-edit.js';
import type { Step } from './json-syntax.js';
import { eventOfHookLine } from './launch.js';

interface OurHook {
  readonly event: string;
  readonly line: string;
  /** To the item of the event's list: a handler, or a group of them. */
  readonly item: readonly Step[];
  /** To what would have to go so that nothing of ours is left: the item, or a handler among others in its group. */
  readonly whole: readonly Step[];
}

/** The hooks of ours in a document, in its order. */
export function ourHooks(doc: JsonDocument, client: string): OurHook[] {
  const hooks = doc.get(['hooks']);
  if (typeof hooks !== 'object' || hooks === null) return [];
  return Object.entries(hooks).flatMap(([event, items]) => {
    if (!Array.isArray(items)) return [];
    return items.flatMap((value: unknown, at) => {
      const item = ['hooks', event, at];
      const inner = field(value, 'hooks');
      const handlers = Array.isArray(inner) ? inner : [value];
      return handlers.flatMap((handler: unknown, place) => {
        const line = field(handler, 'command');
        if (typeof line !== 'string' || eventOfHookLine(line, client) === undefined) return [];
        return [{ event, line, item, whole: handlers.length > 1 ? [...item, 'hooks', place] : item }];
      });
    });
  });
}

/** With each hook once, running the line that `lineOf` gives; one that runs that line already is left as it is. */
export function putHooks(
  doc: JsonDocument,
  place: HooksPlace,
  client: string,
  lineOf: (event: string) => string,
): JsonDocument {
  const wanted = new Map(place.events.map((one) => [one.event, one]));
  let edited = doc;
  // From the end, so that the places of the others stay what they are.
  for (const hook of ourHooks(doc, client).reverse()) {
    const isWanted = wanted.has(hook.event) && hook.line === lineOf(hook.event);
    if (isWanted) wanted.delete(hook.event);
    else edited = edited.remove(hook.whole, () => true);
  }
  for (const [key, value] of Object.entries(place.header ?? {})) {
    if (edited.get([key]) === undefined) edited = edited.set([key], value);
  }
  for (const { event, item } of wanted.values()) edited = edited.append(['hooks', event], item(lineOf(event)));
  return edited;
}

/** Without our hooks, and without the lists that are empty then, except those that `keep` names. */
export function takeHooks(
  doc: JsonDocument,
  place: HooksPlace,
  client: string,
  keep: (path: readonly Step[]) => boolean,
): JsonDocument {
  const ours = ourHooks(doc, client);
  let edited = doc;
  for (const { whole } of ours.reverse()) edited = edited.remove(whole, keep);
  return ours.length === 0 || edited.get(['hooks']) !== undefined ? edited : withoutHeader(edited, place, keep);
}

/** Without the properties that the file needs for its hooks only, except those that `keep` names. */
export function withoutHeader(
  doc: JsonDocument,
  { header = {} }: HooksPlace,
  keep: (path: readonly Step[]) => boolean,
): JsonDocument {
  return Object.keys(header).reduce((edited, key) => (keep([key]) ? edited : edited.remove([key])), doc);
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}
