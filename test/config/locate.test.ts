import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { type KeyPath, locateKeys } from '../../src/config/locate.js';

/** Every path that the parser finds, down to array elements. */
function pathsOf(value: unknown, path: KeyPath = []): KeyPath[] {
  if (typeof value !== 'object' || value === null || value instanceof Date) return [path];
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  const inner = entries.flatMap(([key, child]) => pathsOf(child, [...path, key]));
  return path.length === 0 ? inner : [path, ...inner];
}

function textAt(source: string, path: KeyPath): string | undefined {
  const at = locateKeys(source)(path);
  return at === undefined ? undefined : source.split('\n')[at.line - 1]?.slice(at.column - 1);
}

describe('locateKeys', () => {
  it('finds keys at the top level, in tables, dotted, inline and quoted, each where its own name begins', () => {
    const source = ['  a = 1', '[dispatch]', 'watch = true', 'x . y="z"', 'in = { p = 1, "q" = 2 }', "'r s' = 3"].join(
      '\n',
    );
    const find = locateKeys(source);
    expect(find(['a'])).toEqual({ line: 1, column: 3 });
    expect(find(['dispatch'])).toEqual({ line: 2, column: 2 });
    expect(find(['dispatch', 'watch'])).toEqual({ line: 3, column: 1 });
    expect(find(['dispatch', 'x', 'y'])).toEqual({ line: 4, column: 5 });
    expect(find(['dispatch', 'in', 'p'])).toEqual({ line: 5, column: 8 });
    expect(find(['dispatch', 'in', 'q'])).toEqual({ line: 5, column: 15 });
    expect(find(['dispatch', 'r s'])).toEqual({ line: 6, column: 1 });
    expect(find(['watch'])).toBeUndefined();
  });

  it('keeps the same name at the top level and in a table apart', () => {
    const find = locateKeys('watch = true\ndispatch.watch = true\n');
    expect(find(['watch'])?.line).toBe(1);
    expect(find(['dispatch', 'watch'])).toEqual({ line: 2, column: 10 });
  });

  it('places a table where it is first named', () => {
    expect(locateKeys('x.a = 1\nx.b = 2')(['x'])).toEqual({ line: 1, column: 1 });
  });

  it.each([
    ['a basic string of several lines', 'a = """\nwatch = 1\n\\"""\nwatch = 2\n"""\nwatch = 3', 6],
    ['a literal string of several lines', "a = '''\nwatch = 1\n\\'''\nwatch = 3", 4],
    ['an apostrophe in a literal string', "a = '''it's\nwatch = 1\n'''\nwatch = 3", 4],
    ['a string that ends with four quotes', 'a = """x""""\nwatch = 3\nb = "y"', 2],
    ['a string that ends with five quotes', 'a = """x"""""\nwatch = 3', 2],
    ['an empty string, then a comment with quotes', 'a = "" # """\nwatch = 3', 2],
    ['a comment', '# watch = 1\na = 1 # watch = 2\nwatch = 3', 3],
    ['a comment with a line separator', '# x\u2028watch = 1\nwatch = 3', 2],
    ['an array with comments and strings', 'a = [ # watch = 1\n  "watch = 2", # ]\n  \'] watch\',\n]\nwatch = 3', 5],
    [
      'an inline table of several lines',
      'a = { # watch = 1 }\n  watch = 1,\n  b = [[{ watch = 2 }], []],\n}\nwatch = 3',
      5,
    ],
    ['a string with escaped quotes', 'a = "\\\\\\" watch = \\"1"\nwatch = 3', 2],
    ['line ends of Windows', 'a = """\r\nwatch = 1\r\n"""\r\nwatch = 3\r\n', 4],
    ['dates, times and numbers', 'a = 1979-05-27 07:32:00Z\nb = -1_000.5e-3 # x\nc = inf\nwatch = 3', 4],
  ])('is not misled by %s', (_title, source, line) => {
    expect(parse(source).watch).toBe(3);
    expect(locateKeys(source)(['watch'])).toEqual({ line, column: 1 });
  });

  it('understands escapes in quoted keys', () => {
    const source = '"\\u0077atch" = 1\n"\\U0001F600" = 2\n"\\x41\\t\\"\\\\" = 3\n"a.b" = 4\n"" = 5';
    for (const key of Object.keys(parse(source))) expect(textAt(source, [key]), key).toMatch(/^"/);
  });

  it('finds every path that the parser finds', () => {
    const source = [
      'title = "x"',
      'agents = ["a", # one',
      '  "b", [1, {k = "v"}]]',
      'dispatch . deep."er" = { x = [], y = { z = 1, }, }',
      '[ other . "table" ] # [not.this]',
      'date = 2024-01-01 10:00:00',
      '["quoted ] header"]',
      "k = ''''quoted'''",
      '[[rows]]',
      'id = 1',
    ].join('\n');
    const rows = (path: KeyPath): boolean => path[0] === 'rows' && path.length > 2;
    for (const path of pathsOf(parse(source)).filter((path) => !rows(path))) {
      const last = path.at(-1);
      const text = textAt(source, path);
      expect(text, JSON.stringify(path)).toBeDefined();
      if (typeof last === 'string')
        expect(text?.replace(/^["']/, '').startsWith(last), JSON.stringify(path)).toBe(true);
    }
  });

  it('ends quickly on the largest file that is read', () => {
    const size = 1_000_000;
    const tall = `${'# x\n'.repeat(size / 8)}${'k'.repeat(size / 4)} = """${'y\\n'.repeat(size / 12)}"""\nwatch = 1`;
    expect(locateKeys(tall)(['watch'])?.line).toBe(size / 8 + 2);
    const dotted = `${'a.'.repeat(size / 2)}b = 1\nwatch = 1`;
    expect(locateKeys(dotted)(['watch'])?.line).toBe(2);
    const text = `a = "${'y'.repeat(size)}"\nb = '''${'y\n'.repeat(size / 2)}'''\nc = """${'y\n'.repeat(size / 2)}"""\nwatch = 1`;
    expect(locateKeys(text)(['watch'])?.line).toBe(size + 4);
  });
});
