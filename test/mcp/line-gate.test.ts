import { describe, expect, it } from 'vitest';
import { LineGate, MAX_LINE_BYTES } from '../../src/mcp/line-gate.js';

function gate() {
  const lines: string[] = [];
  const refused: unknown[] = [];
  const made = new LineGate(
    (line) => lines.push(line.toString('utf8')),
    (id) => refused.push(id),
  );
  return { lines, refused, push: (text: string | Buffer) => made.push(Buffer.from(text as string)) };
}

const LONG = 'x'.repeat(MAX_LINE_BYTES);

describe('lines', () => {
  it('are passed on whole, whatever pieces they come in', () => {
    const { lines, push } = gate();
    const text = Buffer.from('{"a":"ä€\u{1f600}"}\n\nb\r\nc\n');
    for (let size = 1; size <= text.length; size++) {
      for (let start = 0; start < text.length; start += size) push(text.subarray(start, start + size));
      expect(lines.splice(0)).toEqual(['{"a":"ä€\u{1f600}"}\n', '\n', 'b\r\n', 'c\n']);
    }
    push('the rest has no end');
    expect(lines).toEqual([]);
  });

  it('of the greatest length are passed on, and a longer one is not, nor what comes before its end', () => {
    const { lines, refused, push } = gate();
    push(`${LONG.slice(1)}\n`);
    expect(lines.splice(0).map(({ length }) => length)).toEqual([MAX_LINE_BYTES]);
    push(LONG);
    push('more');
    push(' and more\nnext\n');
    expect([lines, refused]).toEqual([['next\n'], [undefined]]);
  });
});

describe('a line that is too long', () => {
  it.each([
    ['at its beginning', `{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":"${LONG}"}}`, 7],
    ['behind the method', `{ "method": "x", "jsonrpc": "2.0", "id": -3 , "params": {"a":"${LONG}"}}`, -3],
    ['as text', `{"id":"one-2","params":{"a":"${LONG}"},"method":"x"}`, 'one-2'],
    ['at its end, as the SDK writes it', `{"method":"x","params":{"a":"${LONG}"},"jsonrpc":"2.0","id":42}`, 42],
    ['before the last keys', `{"params":{"a":"${LONG}"},"id":8,"jsonrpc":"2.0","method":"x"}\r`, 8],
  ])('is refused with the id %s', (_, line, id) => {
    const { lines, refused, push } = gate();
    for (let start = 0; start < line.length; start += 1_000_003) push(line.slice(start, start + 1_000_003));
    push('\n');
    expect([lines, refused]).toEqual([[], [id]]);
  });

  it.each([
    ['below another key', `{"method":"x","params":{"a":"${LONG}","id":5}}`],
    ['below another key, at the beginning', `{"params":{"id":5,"a":"${LONG}"}}`],
    ['in a text', `{"method":"x","params":"${LONG},\\"id\\":5"}`],
    ['that is no id', `{"params":"${LONG}","id":{"a":5}}`],
    ['anywhere', LONG],
  ])('has no id %s', (_, line) => {
    const { refused, push } = gate();
    push(`${line}\n`);
    expect(refused).toEqual([undefined]);
  });
});
