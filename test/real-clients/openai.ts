/** The Responses API, as far as Codex needs it. */
import { randomUUID } from 'node:crypto';
import type { Dialect, Shown, Step } from './scripted-model.js';

interface Item {
  readonly type: string;
  readonly role?: string;
  readonly content?: unknown;
  readonly output?: unknown;
}
interface Body {
  readonly model: string;
  readonly input: readonly Item[];
}

// A model of Codex's own list: it writes JavaScript, which calls the tools. Others are given them as functions.
export const MODEL = 'gpt-6.1-sol';

const textOf = (content: unknown): string => {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return content === undefined ? '' : JSON.stringify(content);
  return content.map((part: { text?: string }) => part.text ?? JSON.stringify(part)).join('\n');
};
const isResult = ({ type }: Item) => type.endsWith('_output');

function show(body: Body): Shown {
  const spoke = body.input.findLastIndex(({ type, role }) => role === 'assistant' || type.endsWith('_call'));
  const latest = body.input.slice(spoke + 1);
  const news = latest.map((item) => ({
    role: isResult(item) ? 'tool' : (item.role ?? item.type),
    text: textOf(isResult(item) ? item.output : item.content),
  }));
  return {
    news,
    text: news.map(({ text }) => text).join('\n'),
    results: latest.filter(isResult).map(({ output }) => textOf(output)),
    whole: JSON.stringify(body),
  };
}

function itemFor(step: Step) {
  if ('say' in step) {
    const content = [{ type: 'output_text', text: step.say, annotations: [] }];
    return { type: 'message', id: `msg_${randomUUID()}`, role: 'assistant', status: 'completed', content };
  }
  const name = 'call' in step ? `mcp__mcp_dispatch__${step.call}` : step.own;
  const input = `const result = await tools.${name}(${JSON.stringify(step.with ?? {})});
text(result.content?.map((part) => part.text).join("\\n") ?? result);`;
  const [id, call_id] = [`ctc_${randomUUID()}`, `call_${randomUUID()}`];
  return { type: 'custom_tool_call', id, call_id, name: 'exec', namespace: 'functions', input, status: 'completed' };
}

function answer(body: Body, step: Step) {
  const item = itemFor(step);
  const usage = { input_tokens: 100, output_tokens: 10, total_tokens: 110 };
  const response = { id: `resp_${randomUUID()}`, object: 'response', model: body.model, output: [] };
  return [
    { type: 'response.created', response: { ...response, status: 'in_progress' } },
    { type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress' } },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { ...response, status: 'completed', output: [item], usage } },
  ].map((event, sequence_number) => ({ ...event, sequence_number }));
}

export const openai: Dialect = {
  path: /\/responses$/,
  // Titles are asked for in threads of their own.
  isConversation: (_, headers) => {
    const metadata = headers['x-codex-turn-metadata'];
    if (typeof metadata !== 'string') return true;
    return ((JSON.parse(metadata) as { thread_source?: string }).thread_source ?? 'user') === 'user';
  },
  show,
  answer,
};
