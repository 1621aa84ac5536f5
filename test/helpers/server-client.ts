/** A real server behind the SDK's own client, as an agent's window has it. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { expect } from 'vitest';
import type { Command } from './server-sandbox.js';

export type Answer = { readonly [field: string]: unknown };

// biome-ignore lint/suspicious/noExplicitAny: answers are JSON, and each test says what it expects in them
export type Json = any;

export interface ToolResult {
  readonly isError?: boolean;
  readonly content: readonly { readonly type: string; readonly text?: string }[];
  readonly structuredContent?: Answer;
}

export class AgentClient {
  #stderr = '';

  constructor(
    readonly client: Client,
    transport: StdioClientTransport,
    readonly pid: number,
  ) {
    transport.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString('utf8');
    });
  }

  get stderr(): string {
    return this.#stderr;
  }

  async result(tool: string, args: object = {}): Promise<ToolResult> {
    return (await this.client.callTool({ name: tool, arguments: { ...args } })) as unknown as ToolResult;
  }

  /** The answer of a call that must succeed. That text and structured content are the same is checked each time. */
  async call(tool: string, args: object = {}): Promise<Json> {
    return answerOf(await this.result(tool, args));
  }

  /** The text of a call that must fail. */
  async refusal(tool: string, args: object = {}): Promise<string> {
    return refusalOf(await this.result(tool, args));
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  async dispose(): Promise<string[]> {
    // The SDK ends the input, waits two seconds, and goes on to signals: the sandbox looks whether anything is left.
    await this.client.close();
    return [];
  }
}

export async function connectAgent({ args, env, cwd }: Command, name = 'nobody'): Promise<AgentClient> {
  const transport = new StdioClientTransport({ command: process.execPath, args: [...args], env, cwd, stderr: 'pipe' });
  const client = new Client({ name: `client of ${name}`, version: '1.2.3' });
  await client.connect(transport);
  return new AgentClient(client, transport, transport.pid ?? 0);
}

export function answerOf(result: ToolResult): Json {
  // The same as below, of thousands of answers: to have each found right by `expect` takes longer than the answer did.
  if (isWhole(result)) return result.structuredContent;
  expect(result.isError, result.content[0]?.text).toBeUndefined();
  expect(result.content).toHaveLength(1);
  expect(result.content[0]?.type).toBe('text');
  const text = result.content[0]?.text ?? '';
  expect(JSON.parse(text)).toEqual(result.structuredContent);
  expect(text).toBe(JSON.stringify(result.structuredContent));
  throw new Error(`an answer that only \`expect\` finds right: ${text.slice(0, 500)}`);
}

/** A text and the same as structured content, and nothing else. */
function isWhole({ isError, content, structuredContent }: ToolResult): boolean {
  const [part, ...others] = content;
  return (
    isError === undefined &&
    others.length === 0 &&
    part?.type === 'text' &&
    structuredContent !== undefined &&
    part.text === JSON.stringify(structuredContent)
  );
}

export function refusalOf(result: ToolResult): string {
  expect(result.isError, JSON.stringify(result).slice(0, 500)).toBe(true);
  expect(Object.keys(result).sort()).toEqual(['content', 'isError']);
  expect(result.content).toHaveLength(1);
  return result.content[0]?.text ?? '';
}

/** `answer` with everything replaced that differs from run to run: ids by their order, times, pids and places. */
export function withPlaceholders(answer: unknown, places: Readonly<Record<string, string>> = {}): Json {
  const ids = new Map<string, string>();
  const numbered = (id: string) => {
    if (!ids.has(id)) ids.set(id, `<id ${ids.size + 1}>`);
    return ids.get(id) ?? id;
  };
  return JSON.parse(JSON.stringify(answer), (key, value) => {
    if (key === 'pid') return '<pid>';
    if (key === 'age_seconds') return '<age>';
    if (typeof value !== 'string') return value;
    const placed = Object.entries(places).reduce((text, [place, word]) => text.replaceAll(place, word), value);
    return placed
      .replace(/(?:msg|job)-[0-9a-z]{12}/g, numbered)
      .replace(/\d+\.[0-9a-z]{20}/g, '<token>')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>');
  });
}
