import { describe, expect, it } from 'vitest';
import { useSandbox } from './sandbox.js';

const sandbox = useSandbox();

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
    const { message } = await sandbox.problem('roster = ["a"]');
    expect(message).toContain('Known keys: agents, identity, dispatch_dir, scope, max_message_bytes,');
    expect(message).toContain(', limits.inbox_messages,');
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
    expect(await sandbox.problem('[extra]')).toMatchObject({
      key: 'extra',
      line: 1,
      column: 2,
      message:
        'unknown table. Known tables: [dispatch], [limits], [wake], [executors.<agent>], [lanes], [worker], [dispatch.limits], [dispatch.wake], [dispatch.executors.<agent>], [dispatch.lanes], [dispatch.worker].',
    });
    for (const name of ['dispach', 'Dispatch', 'mcp-dispatch']) {
      const problem = await sandbox.problem(`[${name}]\nagents = ["a"]\nwatch = true`);
      expect(problem).toMatchObject({ key: name, message: 'unknown table. Did you mean [dispatch]?' });
    }
    for (const name of ['limit', 'dispatch.limit']) {
      const problem = await sandbox.problem(`[${name}]\ninbox_messages = 1`);
      expect(problem).toMatchObject({ key: name, message: `unknown table. Did you mean [${name}s]?` });
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

describe('the table [limits]', () => {
  it.each([
    ['[limits]\ninbox_mesages = 1', 'limits.inbox_mesages', 'Did you mean "inbox_messages"?'],
    ['[dispatch.limits]\ninboxBytes = 1', 'dispatch.limits.inboxBytes', 'Did you mean "inbox_bytes"?'],
    [
      '[limits]\nburst = 1',
      'limits.burst',
      'Known keys: inbox_messages, inbox_bytes, sends_per_minute, thread_messages_per_hour.',
    ],
    ['[limits.alice]\nsends = 1', 'limits.alice.sends', 'Did you mean "sends_per_minute"? It stands under [limits]'],
    ['limits_inbox_bytes = 1', 'limits_inbox_bytes', 'Did you mean "limits.inbox_bytes"?'],
    ['"limits.inbox_bytes" = 1', '"limits.inbox_bytes"', 'Write it without the quotes.'],
  ])('knows its own keys alone: %j', async (text, key, hint) => {
    const problem = await sandbox.problem(text);
    expect(problem.key).toBe(key);
    expect(problem.message).toContain(`unknown key. ${hint}`);
  });

  it.each([
    ['', 'inbox_messages'],
    ['[dispatch]\n', 'inbox_messages'],
    ['[extra]\n', 'inbox_messages'],
    // So long that its dotted name is near to it.
    ['', 'thread_messages_per_hour'],
  ])('is where a key of it belongs: %j%s', async (header, key) => {
    expect((await sandbox.problem(`${header}${key} = 3`)).message).toBe(
      `unknown key. Did you mean "${key}"? It stands under [limits] or [dispatch.limits].`,
    );
  });
});
