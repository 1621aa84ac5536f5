/** The recommended payloads: each has its fields and an example, and the prompts use no others. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseArguments } from '../src/mcp/arguments.js';
import { writePrompt } from '../src/mcp/prompts/catalogue.js';
import { dispatch } from '../src/mcp/tools/dispatch.js';

const page = readFileSync(new URL('../docs/working-together.md', import.meta.url), 'utf8');

interface Field {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
}

const types = page
  .split(/^### `/m)
  .slice(1)
  .map((section) => ({
    type: section.slice(0, section.indexOf('`')),
    fields: [...section.matchAll(/^\| `(\w+)` \| ([\w ]+?)(, optional)? \|/gm)].map(
      ([, name = '', type = '', optional]): Field => ({ name, type, optional: optional !== undefined }),
    ),
    examples: [...section.matchAll(/^```json\n([\s\S]*?)^```/gm)].map(([, json = '']) => JSON.parse(json)),
  }));

const typeOf = (value: unknown) => {
  if (!Array.isArray(value)) return typeof value;
  return value.every((item) => typeof item === 'string') ? 'array of strings' : 'array';
};

it('there are nine', () => {
  expect(types.map(({ type }) => type)).toEqual([
    'presence',
    'task_assignment',
    'progress',
    'task_complete',
    'request_more_work',
    'review_request',
    'review_result',
    'cancel_task',
    'interrupt',
  ]);
});

describe.each(types)('$type', ({ type, fields, examples }) => {
  it('has fields and one example', () => {
    expect(fields.length).toBeGreaterThan(0);
    expect(examples).toHaveLength(1);
  });

  it('has an example that dispatch takes as it stands', () => {
    expect(parseArguments(dispatch, examples[0])).toMatchObject({ payload: { type } });
  });

  it('has an example with every field that is not optional, each of its type, and no other', () => {
    const { type: _, ...payload } = examples[0].payload as Record<string, unknown>;
    expect(fields.filter(({ optional }) => !optional).filter(({ name }) => !(name in payload))).toEqual([]);
    for (const [name, value] of Object.entries(payload)) {
      expect(fields.map((field) => field.name)).toContain(name);
      expect(typeOf(value)).toBe(fields.find((field) => field.name === name)?.type);
    }
  });
});

describe.each(['coordinate', 'collaborate'])('the prompt %s', (prompt) => {
  const text = writePrompt(prompt).messages[0]?.content.text ?? '';

  it('shows payloads of these types, with every field that is not optional', () => {
    const payloads = [...text.matchAll(/\{"type".*?\}/g)].map(([json]) => JSON.parse(json) as Record<string, unknown>);
    expect(payloads.length).toBeGreaterThan(0);
    for (const { type, ...payload } of payloads) {
      const fields = types.find((one) => one.type === type)?.fields ?? [];
      expect(fields).not.toEqual([]);
      const needed = fields.filter(({ optional }) => !optional).map(({ name }) => name);
      expect(needed.filter((name) => !(name in payload))).toEqual([]);
      const known = fields.map(({ name }) => name);
      expect(Object.keys(payload).filter((name) => !known.includes(name))).toEqual([]);
    }
  });
});
