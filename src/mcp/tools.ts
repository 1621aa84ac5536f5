/** The tools there are, and how a client is told of them. */
import * as z from 'zod/v4';
import { DispatchError } from '../model/errors.js';
import { forTerminal } from '../model/text.js';
import { parseArguments } from './arguments.js';
import type { Tool } from './tool.js';
import { ack } from './tools/ack.js';
import { dispatch } from './tools/dispatch.js';
import { join } from './tools/join.js';
import { leave } from './tools/leave.js';
import { peek } from './tools/peek.js';
import { who } from './tools/who.js';

/** In the order in which clients list them. */
export const TOOLS: readonly Tool[] = [dispatch, peek, ack, who, join, leave];

/** A tool as `tools/list` has it: the same for every agent and at every time. */
export function describeTool(tool: Tool) {
  const { $schema: _, ...inputSchema } = z.toJSONSchema(tool.input, { io: 'input', target: 'draft-7' });
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: inputSchema as { type: 'object' },
    // Loose on purpose: its place is to say that there is structured content.
    outputSchema: { type: 'object' as const },
    annotations: { title: tool.title, ...tool.annotations },
    ...(tool.alwaysLoad ? { _meta: { 'anthropic/alwaysLoad': true } } : {}),
  };
}

/**
 * The tool of a call, and its arguments as the tool's schema has them.
 * @throws DispatchError `INVALID_ARGUMENT`, naming what is wrong and what there is.
 */
export function prepareCall(name: string, args: unknown): { tool: Tool; args: Record<string, unknown> } {
  const tool = findTool(name);
  return { tool, args: parseArguments(tool, args) };
}

function findTool(name: string): Tool {
  const tool = TOOLS.find((candidate) => candidate.name === name);
  if (tool !== undefined) return tool;
  throw new DispatchError(
    'INVALID_ARGUMENT',
    `There is no tool ${JSON.stringify(forTerminal(name, 80))} here. The tools: ${TOOLS.map((each) => each.name).join(', ')}.`,
  );
}
