/** Judges the values of a command's options by the rules that hold everywhere. */
import type { Command } from 'commander';
import * as z from 'zod/v4';
import { HUMAN, normalizeName, parseAgentId } from '../model/agent-id.js';
import { limit } from '../model/draft.js';
import { DispatchError } from '../model/errors.js';

/** The text of an option that is a number; what is none is left for the rule to refuse. */
export const numeric = <T extends z.ZodType>(rule: T) =>
  z.preprocess((value) => (typeof value === 'string' && /\d/.test(value) ? Number(value) : value), rule);

export const DEFAULT_LIMIT = 20;
export const limitOption = () => numeric(limit().default(DEFAULT_LIMIT));

/**
 * The options as the schema has them, which is made for that; its keys are the names that commander gives them.
 * @throws DispatchError `INVALID_ARGUMENT`, naming each option that is wrong.
 */
export function parseOptions<T extends z.ZodObject>(command: Command, schema: () => T, options: object): z.output<T> {
  const result = schema().safeParse(options);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path: [key = ''], message }) => {
    const flag = String(key).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return `--${flag} ${message}`;
  });
  throw new DispatchError('INVALID_ARGUMENT', `${nameOf(command)}: ${problems.join('; ')}. Nothing was done.`, {
    argument: result.error.issues[0]?.path[0],
  });
}

/**
 * The owner of an inbox: an agent, or the human.
 * @throws DispatchError `INVALID_AGENT_ID`.
 */
export function parseOwner(text: string): string {
  return normalizeName(text) === HUMAN ? HUMAN : parseAgentId(text, 'agent');
}

/** As it is typed behind the program: `job submit`. */
function nameOf(command: Command): string {
  const { parent } = command;
  return parent?.parent == null ? command.name() : `${parent.name()} ${command.name()}`;
}
