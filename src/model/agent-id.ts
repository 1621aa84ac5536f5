/**
 * Names of agents. A name is an address, a directory and a part of file names, so the grammar is ASCII only: it rules
 * out separators, Unicode look-alikes (the Kelvin sign lowers to "k") and names that file systems fold together.
 */
import { DispatchError } from './errors.js';
import { listSome } from './listed.js';

/** The person at the machine: can be written to, but no agent can claim the name. */
export const HUMAN = 'human';

/** Says what no agent says: what became of a job that nobody held. No agent can claim the name, and nobody writes to it. */
export const SYSTEM = 'system';

/** The target that stands for every agent of the relay. */
export const EVERYONE = 'all';

const GRAMMAR = /^[a-z0-9][a-z0-9_-]{0,63}$/;

const RESERVED = new Set([
  EVERYONE,
  HUMAN,
  'user',
  SYSTEM,
  'admin',
  'operator',
  'root',
  // Windows opens a device for these, whatever the folder.
  ...['con', 'prn', 'aux', 'nul'],
  ...Array.from({ length: 10 }, (_, digit) => [`com${digit}`, `lpt${digit}`]).flat(),
  // Own keys of every object: a name must be usable as one.
  ...['__proto__', 'constructor', 'prototype', 'tostring', 'valueof', 'hasownproperty'],
]);

export const AGENT_ID_RULE =
  'An agent id is 1 to 64 characters: a-z, 0-9, "_" and "-", beginning with a letter or digit, and not a reserved name.';

/** `text` without surrounding spaces and tabs, with A-Z lowered; all other characters are left as they are. */
export function normalizeName(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '').replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** True when `name` is already a normalized agent id, reserved names excluded. */
export function isAgentId(name: string): boolean {
  return GRAMMAR.test(name) && !RESERVED.has(name);
}

/** True for what may stand in `from`: an agent id, the human, or the system. */
export function isSender(name: string): boolean {
  return name === SYSTEM || isRecipient(name);
}

/** True for what may own an inbox: an agent id, or the human. */
export function isRecipient(name: string): boolean {
  return name === HUMAN || isAgentId(name);
}

/** True for a name that the grammar allows and the project keeps for itself. */
export function isReserved(name: string): boolean {
  return RESERVED.has(name);
}

/**
 * The normalized agent id. Two spellings of one name are one agent.
 * @throws DispatchError `INVALID_AGENT_ID`, naming `what` (for instance "MCP_DISPATCH_AGENT_ID"), the rule, and `advice`.
 */
export function parseAgentId(text: string, what = 'agent id', advice?: string): string {
  const name = normalizeName(text);
  if (isAgentId(name)) return name;
  const problem = isReserved(name)
    ? `${JSON.stringify(name)} is a reserved name`
    : `${quoteName(text)} is not a valid name`;
  const said = `${what}: ${problem}. ${AGENT_ID_RULE}`;
  throw new DispatchError('INVALID_AGENT_ID', advice === undefined ? said : `${said} ${advice}`);
}

/** Names for an error, at most 20 of them and the number of the others. */
export function listNames(names: readonly string[]): string {
  return listSome(names, 20);
}

/** A caller's name as it may stand in an error: quoted, escaped, at most 80 characters. */
export function quoteName(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return JSON.stringify(cut).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
