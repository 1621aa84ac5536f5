/** The tools there are, and how a client is told of them. */
import * as z from 'zod/v4';
import { DispatchError } from '../model/errors.js';
import { forTerminal } from '../model/text.js';
import { parseArguments } from './arguments.js';
import type { Tool } from './tool.js';
import { ack } from './tools/ack.js';
import { cancel } from './tools/cancel.js';
import { claim } from './tools/claim.js';
import { dispatch } from './tools/dispatch.js';
import { jobs } from './tools/jobs.js';
import { join } from './tools/join.js';
import { leave } from './tools/leave.js';
import { peek } from './tools/peek.js';
import { poll } from './tools/poll.js';
import { settle } from './tools/settle.js';
import { submit } from './tools/submit.js';
import { who } from './tools/who.js';
import { TOOLSETS, type Toolset } from './toolset.js';

/** The operator chooses among the sets. */
const SETS = {
  mail: [dispatch, peek, ack, who],
  topics: [join, leave],
  jobs: [submit, poll, jobs, cancel, claim, settle],
} as const satisfies Record<Toolset, readonly Tool[]>;

/** All there are, in the order in which clients list them. */
export const TOOLS: readonly Tool[] = toolsOf();

/** The tools of the sets, whichever order those are named in. */
export function toolsOf(sets: readonly Toolset[] = TOOLSETS): Tool[] {
  return TOOLSETS.flatMap((set): readonly Tool[] => (sets.includes(set) ? SETS[set] : []));
}

/** A tool as `tools/list` has it: the same for every agent and at every time. */
export function describeTool(tool: Tool) {
  const input = tool.input();
  const {
    $schema: _,
    required: __,
    ...schema
  } = z.toJSONSchema(input, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      // What Zod adds to every whole number.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  // Of what is parsed before it is judged, such as an object that may come as its JSON text, Zod says that it may be left out.
  const required = Object.entries(input.shape).flatMap(([name, type]) => (type instanceof z.ZodOptional ? [] : [name]));
  const inputSchema = { ...schema, ...(required.length === 0 ? {} : { required }) };
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: inputSchema as { type: 'object' },
    // Loose on purpose: its place is to say that there is structured content.
    outputSchema: { type: 'object' as const },
    annotations: { title: tool.title, ...tool.annotations },
    ...(tool.alwaysLoad ? { _meta: { 'anthropic/alwaysLoad': true } } : {}),
    ...(tool.searchHint === undefined ? {} : { _meta: { 'anthropic/searchHint': tool.searchHint } }),
  };
}

/**
 * The tool of a call, and its arguments as the tool's schema has them.
 * @throws DispatchError `INVALID_ARGUMENT`, naming what is wrong and what there is.
 */
export function prepareCall(
  name: string,
  args: unknown,
  sets?: readonly Toolset[],
): { tool: Tool; args: Record<string, unknown> } {
  const tool = findTool(name, sets);
  return { tool, args: parseArguments(tool, args) };
}

function findTool(name: string, sets: readonly Toolset[] | undefined): Tool {
  const offered = toolsOf(sets);
  const tool = offered.find((candidate) => candidate.name === name);
  if (tool !== undefined) return tool;
  const there = `The tools: ${offered.map((each) => each.name).join(', ')}.`;
  const set = TOOLSETS.find((each) => SETS[each].some((candidate) => candidate.name === name));
  const problem =
    set === undefined
      ? `There is no tool ${JSON.stringify(forTerminal(name, 80))} here.`
      : `The tool ${name} is off here: it belongs to the toolset ${set}, and the operator's toolsets are ${sets?.join(', ')}. Nothing was done.`;
  throw new DispatchError('INVALID_ARGUMENT', `${problem} ${there}`);
}
