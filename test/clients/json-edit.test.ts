/** The text of a JSON file: what is put in is there, and taking it out again gives back every byte. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonDocument } from '../../src/clients/json-edit.js';
import type { Syntax } from '../../src/clients/json-syntax.js';
import { jsonFile } from '../helpers/json-texts.js';

const ENTRY = { command: 'node', args: ['/opt/x.cjs'] };
const SERVER = ['mcpServers', 'mcp-dispatch'];
const HOOK = { hooks: [{ type: 'command', command: 'mcp-dispatch hook x Stop' }] };

const open = (text: string, syntax: Syntax = 'trailing-commas') => new JsonDocument(text, syntax);

describe('a value that is put into a file', () => {
  it.each<[string, string, string]>([
    ['', '', '{\n  "k": {\n    "x": 1\n  }\n}\n'],
    ['no property', '{}\n', '{\n  "k": {\n    "x": 1\n  }\n}\n'],
    ['one line', '{"a":1}', '{"a":1,"k":{"x":1}}'],
    ['one line with spaces', '{ "a": 1 }', '{ "a": 1, "k": {"x":1} }'],
    ['tabs', '{\n\t"a": 1\n}\n', '{\n\t"a": 1,\n\t"k": {\n\t\t"x": 1\n\t}\n}\n'],
    ['four spaces', '{\n    "a": 1\n}', '{\n    "a": 1,\n    "k": {\n        "x": 1\n    }\n}'],
    ['carriage returns', '{\r\n  "a": 1\r\n}\r\n', '{\r\n  "a": 1,\r\n  "k": {\r\n    "x": 1\r\n  }\r\n}\r\n'],
    ['a comment behind the last', '{\n  "a": 1 // one\n}', '{\n  "a": 1, // one\n  "k": {\n    "x": 1\n  }\n}'],
    ['a trailing comma', '{\n  "a": 1,\n}', '{\n  "a": 1,\n  "k": {\n    "x": 1\n  },\n}'],
    [
      'a blank line above the last',
      '{\n  "a": 1,\n\n  "b": 2\n}',
      '{\n  "a": 1,\n\n  "b": 2,\n  "k": {\n    "x": 1\n  }\n}',
    ],
    ['nothing but a comment', '{\n  // mine\n}', '{\n  // mine\n  "k": {\n    "x": 1\n  }\n}'],
    ['a byte order mark', '\ufeff{}', '\ufeff{\n  "k": {\n    "x": 1\n  }\n}'],
  ])('keeps the shape of a file with %s', (_, before, after) => {
    expect(open(before).set(['k'], { x: 1 }).text).toBe(after);
  });

  it('gets the objects above it that are missing, and those that are there stay', () => {
    const { text } = open('{\n  "mcpServers": {\n    "a": {}\n  }\n}').set(SERVER, 1);
    expect(text).toBe('{\n  "mcpServers": {\n    "a": {},\n    "mcp-dispatch": 1\n  }\n}');
  });

  it('replaces one of its name where that stands', () => {
    const before = '{ "mcpServers": { "mcp-dispatch": { "old": 1 }, "b": 2 } /* c */ }';
    const { text } = open(before).set(SERVER, 7);
    expect(text).toBe('{ "mcpServers": { "mcp-dispatch": 7, "b": 2 } /* c */ }');
    expect(open(text).restore(SERVER, open(before)).text).toBe(before);
  });

  it('is appended to a list, which is made where it is missing', () => {
    expect(open('{"hooks":{"Stop":[1]}}').append(['hooks', 'Stop'], 2).text).toBe('{"hooks":{"Stop":[1,2]}}');
    expect(open('{"hooks":{}}').append(['hooks', 'Stop'], 2).text).toBe('{"hooks":{"Stop":[2]}}');
  });
});

describe('a value that is taken out', () => {
  it('takes those above it with it that are empty then, unless they are to be kept', () => {
    const doc = open('{"a":1,"mcpServers":{"mcp-dispatch":{}}}');
    expect(doc.remove(SERVER).text).toBe('{"a":1}');
    expect(doc.remove(SERVER, (path) => path.length === 1).text).toBe('{"a":1,"mcpServers":{}}');
  });

  it.each([
    ['{"mcpServers":{"mcp-dispatch":1,"b":2}}', '{"mcpServers":{"b":2}}'],
    [
      '{"mcpServers":{\n  "a": 1, // one\n  "mcp-dispatch": 1, // ours\n  "b": 2\n}}',
      '{"mcpServers":{\n  "a": 1, // one // ours\n  "b": 2\n}}',
    ],
  ])('leaves what others put in behind it', (before, after) => {
    expect(open(before).remove(SERVER).text).toBe(after);
  });

  it('that is not there changes nothing', () => {
    expect(open('{"a":1}').remove(SERVER).text).toBe('{"a":1}');
  });
});

describe('a file that is not what it should be', () => {
  it.each<[string, Syntax, number, number, string]>([
    ['{\n  "a": 1,,\n}', 'json', 2, 10, 'expected'],
    ['{"a":1,}', 'json', 1, 8, 'expected'],
    ['{"a":1,}', 'comments', 1, 8, 'expected'],
    ['{\r\n  // c\r\n}', 'json', 2, 3, 'comment'],
    ['[1]', 'json', 1, 1, 'not a JSON object'],
    ['{"a": tru', 'json', 1, 7, 'invalid symbol'],
    ['{} x', 'json', 1, 4, 'invalid'],
  ])('%j as %s is refused at line %i, column %i', (text, syntax, line, column, said) => {
    let caught: unknown;
    try {
      open(text, syntax);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ name: 'JsonProblem', line, column, message: expect.stringContaining(said) });
  });

  it.each([
    ['{\n "mcpServers": []}', 2, 16],
    ['{"mcpServers": null}', 1, 16],
  ])('%j has no room for a server, and its place is named', (text, line, column) => {
    expect(() => open(text).set(SERVER, ENTRY)).toThrowError(expect.objectContaining({ line, column }));
  });

  it('nested too deeply is refused, not a crash', () => {
    const text = `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    expect(() => open(text)).toThrow('nested too deeply');
  });
});

describe('whatever is in a file', () => {
  it('a server and a hook that are put in are there, the rest is as it was, and taken out nothing is left of them', () => {
    const seed = process.env.FUZZ_SEED === undefined ? Date.now() % 2 ** 31 : Number(process.env.FUZZ_SEED);
    fc.assert(
      fc.property(jsonFile('Stop'), (text) => {
        const before = open(text);
        const after = before.set(SERVER, ENTRY).append(['hooks', 'Stop'], HOOK);
        expect(after.get(SERVER)).toEqual(ENTRY);
        const list = after.get(['hooks', 'Stop']) as unknown[];
        expect(list.at(-1)).toEqual(HOOK);
        const kept = (path: readonly (string | number)[]) => before.get(path) !== undefined;
        const undone = after.remove(['hooks', 'Stop', list.length - 1], kept).remove(SERVER, kept);
        expect(undone.text).toBe(text);
        const expected = (before.get([]) ?? {}) as { [key: string]: { [key: string]: unknown } };
        expected.mcpServers = { ...expected.mcpServers, 'mcp-dispatch': ENTRY };
        expected.hooks = { ...expected.hooks, Stop: list };
        expect(list.slice(0, -1)).toEqual(before.get(['hooks', 'Stop']) ?? []);
        expect(after.get([])).toEqual(expected);
      }),
      { seed, numRuns: 2000 },
    );
  });
});
