import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { useSandbox } from './sandbox.js';

const sandbox = useSandbox();

describe('a value of the wrong type', () => {
  it.each([
    ['watch = "true"', 'expected true or false, found the text "true". Write it without quotes.'],
    ['watch = 1', 'expected true or false, found the number 1.'],
    ['log_content = "no"', 'expected true or false, found the text "no".'],
    ['receipt_retention = "7d"', 'expected a whole number of seconds from 86400 to 315360000, found the text "7d".'],
    ['limits.inbox_bytes = 1e6', 'found the decimal number 1000000.0.'],
    ['limits.inbox_bytes = "1000"', 'found the text "1000". Write it without quotes.'],
    ['[limits.inbox_bytes]\nalice = 1', 'found a table.'],
    [
      'max_message_bytes = "4096"',
      'expected a whole number of bytes from 1024 to 8388608, found the text "4096". Write it without quotes.',
    ],
    ['max_message_bytes = 4096.0', 'found the decimal number 4096.0.'],
    ['max_message_bytes = 1e4', 'found the decimal number 10000.0.'],
    ['max_message_bytes = nan', 'found nan.'],
    ['default_ttl = inf', 'found inf.'],
    ['default_ttl = -inf', 'found -inf.'],
    ['default_ttl = 0.5', 'found the decimal number 0.5.'],
    ['default_ttl = true', 'found true.'],
    ['default_ttl = 2024-01-01', 'found a date or time.'],
    ['default_ttl = 07:32:00', 'found a date or time.'],
    ['default_ttl = []', 'found an empty array.'],
    ['instructions = 2024-01-01T00:00:00Z', 'expected text in quotes, found a date or time.'],
    ['dispatch_dir = ["/x"]', 'expected a path in quotes, found an array.'],
    ['durability = false', 'expected "full" or "process", found false.'],
    ['wake.on = true', 'expected "direct" or "urgent" or "all" or "none", found true.'],
    ['wake.methods = "command"', 'expected an array of some of "claude-socket", "codex-queue", '],
    ['wake.methods = ["command", 1]', 'expected one of "claude-socket", "codex-queue", '],
    ['wake.methods = ["sockets"]', 'unknown value "sockets". Known are "claude-socket", "codex-queue", '],
    ['wake.methods = ["claude-sockets"]', 'unknown value "claude-sockets". Did you mean "claude-socket"?'],
    ['wake.methods = ["command", "command"]', '"command" stands here twice. Keep one.'],
    ['wake.command = "notify-send {notice}"', 'expected an array of a program and its arguments, like ['],
    ['wake.command = []', 'the array is empty. Name a program, or leave the key out.'],
    ['wake.command = [" "]', 'the program has no name.'],
    ['wake.command = ["x", 1]', 'expected text in quotes, found the number 1.'],
    ['wake.command = ["x", "a\\u0000b"]', 'an argument cannot contain a NUL character.'],
    ['wake.command = ["x", "{notices}"]', 'unknown placeholder "{notices}". Did you mean {notice}?'],
    [`wake.command = ["${'x'.repeat(1001)}"]`, 'the argument has 1001 characters; at most 1000 are allowed.'],
    [`wake.command = [${'"x",'.repeat(33)}]`, 'the array has 33 elements; at most 32 are allowed.'],
    ['agents = "alice"', 'expected an array of agent ids, like ["alice", "bob"], found the text "alice".'],
    ['watch = { on = true }', 'found a table.'],
    ['[watch]\non = true', 'found a table.'],
    ['[[watch]]\non = true', 'found an array.'],
  ])('%s says what was expected and what was found', async (text, said) => {
    expect((await sandbox.problem(text)).message).toContain(said);
  });
});

describe('a list', () => {
  it('may be empty where that means something, and keeps its order', async () => {
    sandbox.write('[wake]\nmethods = []\ncommand = ["x", "", "{agent}{count}"]');
    const { wake } = await loadConfig({});
    expect(wake).toEqual({ on: 'direct', methods: [], command: ['x', '', '{agent}{count}'] });
    sandbox.write('wake.methods = ["command", "codex-queue"]');
    expect((await loadConfig({})).wake.methods).toEqual(['command', 'codex-queue']);
  });
});

describe('a number', () => {
  it.each([
    ['max_message_bytes', 1024, 8_388_608],
    ['max_reply_bytes', 2048, 1_048_576],
    ['default_ttl', 0, 315_360_000],
    // One day: what an idempotency key promises for 24 hours stands on receipts.
    ['receipt_retention', 86_400, 315_360_000],
    ['log_retention', 86_400, 315_360_000],
    ['limits.inbox_messages', 0, 1_000_000],
    ['limits.inbox_bytes', 0, 2 ** 40],
    ['limits.sends_per_minute', 0, 100_000],
    ['limits.thread_messages_per_hour', 0, 1_000_000],
  ])('%s is accepted at both bounds and refused beyond them', async (key, min, max) => {
    for (const good of [min, max]) expect((await sandbox.check(`${key} = ${good}`)).problems).toEqual([]);
    for (const bad of [min - 1, max + 1]) {
      const problem = await sandbox.problem(`${key} = ${bad}`);
      expect(problem).toMatchObject({ key, line: 1, column: key.lastIndexOf('.') + 2 });
      expect(problem.message).toContain(` from ${min} to ${max}`);
      expect(problem.message).toContain(`, found the number ${bad}.`);
    }
  });

  it.each(['-1', 'false', '"off"', '0.0'])('that is meant to switch a limit off with %s is told how', async (value) => {
    const { message } = await sandbox.problem(`[limits]\ninbox_messages = ${value}`);
    expect(message).toContain('expected a whole number of messages from 0 to 1000000 (0 means no limit), found ');
  });

  it('beyond 2^53 is refused with all its digits', async () => {
    expect((await sandbox.problem('default_ttl = 9007199254740993')).message).toContain('9007199254740993');
    expect((await sandbox.problem(`default_ttl = ${'9'.repeat(300)}`)).message.length).toBeLessThan(200);
  });

  it('may be written with underscores or in hexadecimal', async () => {
    expect((await sandbox.check('max_message_bytes = 1_000_000')).config?.maxMessageBytes).toBe(1_000_000);
    expect((await sandbox.check('max_message_bytes = 0x10000')).config?.maxMessageBytes).toBe(65_536);
  });
});

describe('the roster', () => {
  it('is normalized and keeps its order', async () => {
    expect((await sandbox.check('agents = [" Bob ", "ALICE"]')).config?.agents).toEqual(['bob', 'alice']);
  });

  it('that is empty is refused: it would shut everybody out', async () => {
    expect((await sandbox.problem('agents = []')).message).toContain('the roster is empty');
  });

  it('with two spellings of one name is refused, and both are named', async () => {
    const problem = await sandbox.problem('agents = ["bob",\n  "alice", " BOB"]');
    expect(problem).toMatchObject({ line: 2, column: 12, key: 'agents' });
    expect(problem.message).toContain('"bob" and " BOB" are one agent (bob)');
  });

  it.each(['all', 'human', 'Root', 'CON', '__proto__'])('cannot hold the reserved name %s', async (name) => {
    expect((await sandbox.problem(`agents = ["${name}"]`)).message).toContain('is a reserved name');
  });

  it.each(['', '../x', 'a/b', 'bob\\n', '\\u212Aelvin', '-x', 'a'.repeat(65), 'a b'])(
    'cannot hold the invalid name "%s"',
    async (name) => {
      expect((await sandbox.problem(`agents = ["ok", "${name}"]`)).message).toContain('is not a valid name');
    },
  );

  it('reports every bad element, each at its place', async () => {
    const { problems } = await sandbox.check('agents = ["ok", 5, "a b",\n  "all"]');
    expect(problems.map(({ line, column, key }) => [line, column, key])).toEqual([
      [1, 17, 'agents'],
      [1, 20, 'agents'],
      [2, 3, 'agents'],
    ]);
    expect(problems[0]?.message).toBe('expected an agent id in quotes, found the number 5.');
  });
});

describe('dispatch_dir', () => {
  it.each(['', 'messages', './messages', '../x', '~bob/x'])(
    'refuses %j: each client starts its server somewhere else',
    async (dir) => {
      expect((await sandbox.problem(`dispatch_dir = "${dir}"`)).message).toContain('Write an absolute path.');
    },
  );

  it('refuses a NUL character', async () => {
    expect((await sandbox.problem('dispatch_dir = "/x\\u0000y"')).message).toContain('NUL');
  });

  it('expands "~"', async () => {
    const { config } = await sandbox.check('dispatch_dir = "~/mail/"');
    expect(config?.relayDir).toBe(path.join(sandbox.home, 'mail'));
  });
});

describe('instructions', () => {
  it('may hold both placeholders and JSON in braces', async () => {
    const text = 'You are {agent_id} of {agent_list}. {"a": {}} { }';
    expect((await sandbox.check(`instructions = '${text}'`)).config?.instructions).toBe(text);
  });

  it.each([
    ['{agent_ids}', 'Did you mean {agent_id}?'],
    ['{ agent_id }', 'Did you mean {agent_id}?'],
    ['{Agent_List}', 'Did you mean {agent_list}?'],
    ['{workspace}', 'Known are {agent_id} and {agent_list}.'],
  ])('refuse %s, which would reach the model as it is', async (placeholder, hint) => {
    const { message } = await sandbox.problem(`instructions = "I am ${placeholder}."`);
    expect(message).toContain(placeholder);
    expect(message).toContain(hint);
  });

  it('may have 1999 characters and not 2000', async () => {
    expect((await sandbox.check(`instructions = "${'x'.repeat(1999)}"`)).problems).toEqual([]);
    expect((await sandbox.problem(`instructions = "${'x'.repeat(2000)}"`)).message).toContain(
      '2000 characters; at most 1999',
    );
  });

  it('that are blank are refused', async () => {
    expect((await sandbox.problem('instructions = " "')).message).toContain('built-in text');
  });
});

describe('durability', () => {
  it('is "full" or "process"', async () => {
    expect((await sandbox.check('durability = "process"')).config?.durability).toBe('process');
    expect((await sandbox.problem('durability = "Full"')).message).toBe(
      'expected "full" or "process", found the text "Full".',
    );
  });
});
