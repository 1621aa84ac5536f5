/** The Messages API, as far as Claude Code needs it. */
import { randomUUID } from 'node:crypto';
import type { Dialect, Shown, Step } from './scripted-model.js';

interface Block {
  readonly type: string;
  readonly text?: string;
  readonly content?: string | readonly Block[];
  /** Of a tool that the client has loaded for the model. */
  readonly tool_name?: string;
}
interface Body {
  readonly model: string;
  readonly max_tokens?: number;
  readonly tools?: readonly unknown[];
  readonly messages: readonly { readonly role: string; readonly content: string | readonly Block[] }[];
}

const textOf = (content: Block['content'] = []): string =>
  typeof content === 'string'
    ? content
    : content.map((block) => block.text ?? block.tool_name ?? textOf(block.content)).join('\n');

function show(body: Body): Shown {
  const spoke = body.messages.findLastIndex(({ role }) => role === 'assistant');
  const latest = body.messages.slice(spoke + 1);
  const blocks = latest.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
  return {
    news: latest.map(({ role, content }) => ({ role, text: textOf(content) })),
    text: latest.map(({ content }) => textOf(content)).join('\n'),
    results: blocks.filter(({ type }) => type === 'tool_result').map(({ content }) => textOf(content)),
    whole: JSON.stringify(body),
  };
}

function answer(body: Body, step: Step) {
  const message = { id: `msg_${randomUUID()}`, type: 'message', role: 'assistant', model: body.model };
  const usage = { input_tokens: 100, output_tokens: 10 };
  const isCall = !('say' in step);
  const name = 'call' in step ? `mcp__mcp-dispatch__${step.call}` : 'own' in step ? step.own : '';
  const block = isCall
    ? { type: 'tool_use', id: `toolu_${randomUUID()}`, name, input: {} }
    : { type: 'text', text: '' };
  const delta = isCall
    ? { type: 'input_json_delta', partial_json: JSON.stringify(step.with ?? {}) }
    : { type: 'text_delta', text: step.say };
  return [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null, stop_sequence: null, usage } },
    { type: 'content_block_start', index: 0, content_block: block },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: isCall ? 'tool_use' : 'end_turn', stop_sequence: null }, usage },
    { type: 'message_stop' },
  ];
}

export const anthropic: Dialect = {
  path: /\/v1\/messages(\?|$)/,
  // What it asks on the side has no tools, or wants one token.
  isConversation: ({ tools = [], max_tokens }: Body) => tools.length > 0 && max_tokens !== 1,
  show,
  answer,
};
