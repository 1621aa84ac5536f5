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

describe('dispatch', () => {
  it.each(['dispatch = true', '[[dispatch]]\nwatch = false'])(
    'that is not one table is refused (case %#)',
    async (text) => {
      expect((await sandbox.problem(text)).message).toContain('must be one table');
    },
  );
});

describe('the table [limits]', () => {
  it.each([
    '[limits]\ninbox_bytes = 9',
    '[dispatch.limits]\ninbox_bytes = 9',
    'limits.inbox_bytes = 9',
    'limits = { inbox_bytes = 9 }',
    '[dispatch]\nlimits.inbox_bytes = 9',
    'dispatch = { limits = { inbox_bytes = 9 } }',
  ])('counts as much in every way to write it (case %#)', async (text) => {
    const { config, fromFile } = await sandbox.check(text);
    expect(config?.limits).toMatchObject({ inboxMessages: 10_000, inboxBytes: 9 });
    expect(fromFile).toEqual(['limits.inbox_bytes']);
  });

  it('may be split between [limits] and [dispatch.limits], and may be empty', async () => {
    const { config } = await sandbox.check('[limits]\ninbox_bytes = 9\n[dispatch.limits]\nsends_per_minute = 8');
    expect(config?.limits).toMatchObject({ inboxBytes: 9, sendsPerMinute: 8 });
    expect((await sandbox.check('[limits]\n[dispatch.limits]')).problems).toEqual([]);
  });

  it.each([
    ['[limits]\ninbox_bytes = 9\n[dispatch.limits]\ninbox_bytes = 9', 4, 1],
    ['[dispatch.limits]\ninbox_bytes = 9\n[limits]\ninbox_bytes = 9', 2, 1],
    ['limits.inbox_bytes = 9\ndispatch.limits.inbox_bytes = 9', 2, 17],
  ])('cannot set a key in both places, even if they agree (case %#)', async (text, line, column) => {
    const problem = await sandbox.problem(text);
    expect(problem).toMatchObject({ line, column, key: 'dispatch.limits.inbox_bytes' });
    expect(problem.message).toBe('this is also set under [limits]. Keep one of the two.');
  });

  it.each([
    ['limits = 5', 'limits', 1, 1],
    ['[[limits]]\ninbox_bytes = 9', 'limits', 1, 3],
    ['[dispatch]\nlimits = false', 'dispatch.limits', 2, 1],
  ])('must be one table (case %#)', async (text, key, line, column) => {
    expect(await sandbox.problem(text)).toMatchObject({
      key,
      line,
      column,
      message: `this must be one table: write [${key}] and the keys below it.`,
    });
  });
});

describe('a syntax error', () => {
  it.each([
    ['watch = tru', 1, 9, 'watch', 'Text needs quotes; the booleans are true and false.'],
    ['default_ttl = 5\nwatch = yes', 2, 9, 'watch', 'Text needs quotes'],
    ['watch = true\nwatch = false', 2, 1, 'watch', 'already set further up'],
    ['[dispatch]\nwatch = true\n[dispatch]', 3, 2, 'dispatch', 'already set further up'],
    ['dispatch = { watch = true, watch = true }', 1, 28, 'watch', 'already set further up'],
    ['[limits]\ninbox_bytes = 1\ninbox_bytes = 1', 3, 1, 'inbox_bytes', 'already set further up'],
    ['limits = { inbox_bytes = 1 }\n[limits]', 2, 2, 'limits', 'already set further up'],
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
