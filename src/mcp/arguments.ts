/**
 * How the arguments of a call are judged; the rules for what goes into a message are in model/draft.ts. Models send null for
 * "absent", spaces around names, and objects as JSON text; that is understood. Everything else wrong is answered with what
 * was wrong and what is right.
 */
import * as z from 'zod/v4';
import { quoteName } from '../model/agent-id.js';
import { parseIfText } from '../model/draft.js';
import { DispatchError } from '../model/errors.js';
import type { Tool } from './tool.js';

const NO_CURSOR = 'is not a cursor of ours; take next_cursor from an answer, or leave it out to begin';

/** The `next_cursor` of an earlier answer; a made-up one would read as "nothing left". */
export const cursor = (form: RegExp) =>
  // Its form is ours alone to know: a model only ever hands it back.
  z
    .string('must be a string')
    .trim()
    .refine((text) => text.length <= 256 && form.test(text), NO_CURSOR);

/** A list, its JSON text, or one item alone. */
export function listOf<T extends z.ZodType>(item: T, check: (list: z.ZodArray<T>) => z.ZodArray<T>) {
  return z.preprocess(
    (value) => {
      const parsed = parseIfText(value);
      return typeof parsed === 'string' ? [parsed] : parsed;
    },
    check(z.array(item, 'must be a list of strings')),
  );
}

/**
 * The arguments of a call, or of a prompt, as its schema has them.
 * @throws DispatchError `INVALID_ARGUMENT`, naming each argument that is wrong.
 */
export function parseArguments(tool: Pick<Tool, 'name' | 'input'>, given: unknown): Record<string, unknown> {
  const input = tool.input();
  const known = Object.keys(input.shape);
  if (given !== undefined && (given === null || typeof given !== 'object' || Array.isArray(given))) {
    throw new DispatchError(
      'INVALID_ARGUMENT',
      `${tool.name}: the arguments must be an object with ${known.join(', ')}.`,
    );
  }
  const present = Object.fromEntries(
    Object.entries(given ?? {}).filter(([, value]) => value !== null && value !== undefined),
  );
  const unknown = Object.keys(present).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    const names = unknown.slice(0, 5).map((name) => quoteName(name.trim()));
    throw new DispatchError(
      'INVALID_ARGUMENT',
      `${tool.name} has no argument ${names.join(', ')}. Its arguments: ${known.join(', ')}. Nothing was done.`,
      {
        argument: unknown[0],
      },
    );
  }
  const result = input.safeParse(present);
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, 5).map((issue) => {
    const [name = 'arguments', ...rest] = issue.path.map(String);
    const missing = !(name in present);
    return `${[name, ...rest].join('.')} ${missing ? 'is required' : issue.message}`;
  });
  throw new DispatchError('INVALID_ARGUMENT', `${tool.name}: ${problems.join('; ')}. Nothing was done.`, {
    argument: result.error.issues[0]?.path[0],
  });
}
