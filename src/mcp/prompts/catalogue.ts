/** The prompts there are, how a client is told of them, and how one is written. */
import { quoteName } from '../../model/agent-id.js';
import { DispatchError } from '../../model/errors.js';
import { parseArguments } from '../arguments.js';
import type { Prompt } from '../prompt.js';
import { collaborate } from './collaborate.js';
import { coordinate } from './coordinate.js';

/** In the order in which clients list them. */
export const PROMPTS: readonly Prompt[] = [coordinate, collaborate];

/** A prompt as `prompts/list` has it: the same for every agent and at every time. */
export function describePrompt({ name, title, description, input }: Prompt) {
  return {
    name,
    title,
    description,
    arguments: Object.entries(input().shape).map(([argument, schema]) => ({
      name: argument,
      description: schema.description,
      required: false,
    })),
  };
}

/**
 * The answer to `prompts/get`. An argument that is blank is none: clients send what their user left empty.
 * @throws DispatchError `INVALID_ARGUMENT`, naming what is wrong and what there is.
 */
export function writePrompt(name: string, given: { readonly [argument: string]: string } = {}) {
  const prompt = PROMPTS.find((candidate) => candidate.name === name);
  if (prompt === undefined) {
    throw new DispatchError(
      'INVALID_ARGUMENT',
      `There is no prompt ${quoteName(name)} here. The prompts: ${PROMPTS.map((each) => each.name).join(', ')}.`,
    );
  }
  const args = Object.fromEntries(Object.entries(given).filter(([, value]) => value.trim() !== ''));
  const text = prompt.write(parseArguments(prompt, args));
  return {
    description: prompt.description,
    messages: [{ role: 'user' as const, content: { type: 'text' as const, text } }],
  };
}
