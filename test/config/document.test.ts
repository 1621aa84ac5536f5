import { describe, expect, it } from 'vitest';
import { useSandbox } from './sandbox.js';

const sandbox = useSandbox();

describe('keys', () => {
  it('under [dispatch], dotted or inline count as much as at the top level', async () => {
    const texts = [
      'watch = false',
      '[dispatch]\nwatch = false',
      'dispatch.watch = false',
      'dispatch = { watch = false }',
    ];
    for (const text of texts) expect((await sandbox.check(text)).config?.watch, text).toBe(false);
  });

  it('may stand partly at the top level and partly under [dispatch]', async () => {
    const { config } = await sandbox.check('watch = false\n[dispatch]\ndefault_ttl = 60');
    expect(config).toMatchObject({ watch: false, defaultTtlSeconds: 60 });
  });

  it.each([
    ['watch = true\n[dispatch]\nwatch = true', 3, 1],
    ['watch = true\ndispatch.watch = true', 2, 10],
    ['dispatch = { watch = true }\nwatch = true', 1, 14],
  ])('in both places are refused even if they agree (case %#)', async (text, line, column) => {
    const problem = await sandbox.problem(text);
    expect(problem).toMatchObject({ line, column, key: 'dispatch.watch' });
    expect(problem.message).toContain('also set at the top of the file');
  });
});

describe('an unknown key', () => {
  it('is refused with its place, the nearest known key and the line of the source', async () => {
    const text = 'durability = "full"\n\n  agnets = ["alice"]\n';
    const problem = await sandbox.problem(text);
    expect(problem).toEqual({
      path: sandbox.write(text),
      line: 3,
      column: 3,
      key: 'agnets',
      message: 'unknown key. Did you mean "agents"?',
      excerpt: '3:    agnets = ["alice"]\n      ^',
    });
  });

  it('that is near to none lists those there are', async () => {
    expect((await sandbox.problem('roster = ["a"]')).message).toContain(
      'Known keys: agents, dispatch_dir, max_message_bytes,',
    );
  });

  it.each([
    ['[dispatch]\nwach = true', 'dispatch.wach', 2, 1],
    ['dispatch.wach = true', 'dispatch.wach', 1, 10],
    ['dispatch = { default_ttl = 1, wach = true }', 'dispatch.wach', 1, 31],
    ['[dispatch.extra]\nwatch = true', 'dispatch.extra.watch', 2, 1],
    ['[limits]\n# watch = 1\nwatch = true', 'limits.watch', 3, 1],
    ['limits = { watch = true }', 'limits.watch', 1, 12],
  ])('is found where it stands (case %#)', async (text, key, line, column) => {
    const problem = await sandbox.problem(text);
    expect(problem).toMatchObject({ key, line, column });
    expect(problem.message).toContain('"watch"');
  });

  it('says of a misplaced setting where it belongs', async () => {
    const { message } = await sandbox.problem('[limits]\nwatch = false');
    expect(message).toBe(
      'unknown key. Did you mean "watch"? It stands at the top of the file, before any [table], or under [dispatch].',
    );
  });

  it('may be an unknown table, empty or misspelled', async () => {
    expect(await sandbox.problem('[limits]')).toMatchObject({ key: 'limits', line: 1, column: 2 });
    for (const name of ['dispach', 'Dispatch', 'mcp-dispatch']) {
      const problem = await sandbox.problem(`[${name}]\nagents = ["a"]\nwatch = true`);
      expect(problem).toMatchObject({ key: name, message: 'unknown table. Did you mean [dispatch]?' });
    }
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('may be called %s', async (key) => {
    expect(await sandbox.problem(`${key} = 1`)).toMatchObject({ key, line: 1 });
    expect(await sandbox.problem(`[${key}]\nwatch = false`)).toMatchObject({ key: `${key}.watch`, line: 2 });
  });

  it('is quoted when it is no bare key', async () => {
    expect((await sandbox.problem('"dispatch.watch" = true')).key).toBe('"dispatch.watch"');
    expect((await sandbox.problem('"a\\u001Bb" = true')).key).toBe('"a\\u001bb"');
  });

  it('may be as long or as deep as the file', async () => {
    expect((await sandbox.problem(`${'k'.repeat(500_000)} = 1`)).key?.length).toBe(80);
    expect((await sandbox.problem(`${'a.'.repeat(250_000)}a = 1`)).message).toContain('unknown key');
  });
});

describe('dispatch', () => {
  it.each(['dispatch = true', '[[dispatch]]\nwatch = false'])(
    'that is not one table is refused (case %#)',
    async (text) => {
      expect((await sandbox.problem(text)).message).toContain('must be one table');
    },
  );
});

describe('a syntax error', () => {
  it.each([
    ['watch = tru', 1, 9, 'watch', 'Text needs quotes; the booleans are true and false.'],
    ['default_ttl = 5\nwatch = yes', 2, 9, 'watch', 'Text needs quotes'],
    ['watch = true\nwatch = false', 2, 1, 'watch', 'already set further up'],
    ['[dispatch]\nwatch = true\n[dispatch]', 3, 2, 'dispatch', 'already set further up'],
    ['dispatch = { watch = true, watch = true }', 1, 28, 'watch', 'already set further up'],
    ['dispatch_dir = "C:\\Users\\bob"', 1, undefined, 'dispatch_dir', "'single quotes'"],
    ['agents = ["a"', 1, undefined, 'agents', 'expected comma or end of structure'],
    ['watch', 1, 1, undefined, 'cannot find end of key'],
  ])(
    '%j shows line, column, caret, the key where it is sure, and what to do',
    async (text, line, column, key, said) => {
      const problem = await sandbox.problem(text);
      expect(problem.line).toBe(line);
      if (column !== undefined) expect(problem.column).toBe(column);
      expect(problem.key).toBe(key);
      expect(problem.message).toContain('TOML syntax: ');
      expect(problem.message).toContain(said);
      expect(problem.excerpt).toMatch(/\^$/m);
    },
  );
});

describe('all problems', () => {
  it('are collected in the order of the file', async () => {
    const { problems, config } = await sandbox.check(
      '[dispatch]\nwatch = 1\nx.y.z = 1\ndurability = ""\nagents = ["all"]',
    );
    expect(problems.map(({ line, key }) => `${line} ${key}`)).toEqual([
      '2 dispatch.watch',
      '3 dispatch.x.y.z',
      '4 dispatch.durability',
      '5 dispatch.agents',
    ]);
    expect(config).toBeUndefined();
  });

  it('are in that order even where a table comes before the top level', async () => {
    const { problems } = await sandbox.check('dispatch.wach = 1\nagnets = []');
    expect(problems.map(({ key }) => key)).toEqual(['dispatch.wach', 'agnets']);
  });
});
