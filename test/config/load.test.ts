import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { checkConfig, loadConfig } from '../../src/config/load.js';
import { isDispatchError } from '../../src/model/errors.js';
import { useSandbox } from './sandbox.js';

const sandbox = useSandbox();

describe('without a file and without variables', () => {
  it('everything has its documented default', async () => {
    expect(await loadConfig({})).toEqual({
      identity: 'auto',
      scope: 'user',
      relayDir: path.join(sandbox.home, '.config', 'mcp-dispatch', 'messages'),
      maxMessageBytes: 65_536,
      maxReplyBytes: 10_240,
      defaultTtlSeconds: 0,
      receiptRetentionSeconds: 604_800,
      logRetentionSeconds: 2_592_000,
      logContent: false,
      limits: { inboxMessages: 10_000, inboxBytes: 67_108_864, sendsPerMinute: 120, threadMessagesPerHour: 200 },
      wake: { on: 'direct', methods: ['claude-socket', 'codex-queue', 'claude-channel', 'command'] },
      watch: true,
      toolsets: ['mail', 'topics', 'jobs'],
      executors: new Map(),
      autospawn: { names: [], writes: 'none', idleTimeoutSeconds: 300 },
      durability: 'full',
    });
  });

  it('an empty file means the same, and is named', async () => {
    const defaults = await loadConfig({});
    const file = sandbox.write('');
    expect(await loadConfig({})).toEqual({ ...defaults, file });
  });
});

describe('with a file', () => {
  it('every value of it arrives under its own name', async () => {
    sandbox.write(
      [
        'receipt_retention = 86401',
        'log_retention = 86402',
        'log_content = true',
        '[limits]',
        'inbox_messages = 1',
        'inbox_bytes = 2',
        'sends_per_minute = 3',
        'thread_messages_per_hour = 0',
      ].join('\n'),
    );
    expect(await loadConfig({})).toMatchObject({
      receiptRetentionSeconds: 86_401,
      logRetentionSeconds: 86_402,
      logContent: true,
      limits: { inboxMessages: 1, inboxBytes: 2, sendsPerMinute: 3, threadMessagesPerHour: 0 },
    });
  });

  it('nothing of the configuration can be changed afterwards', async () => {
    const config = await loadConfig({});
    expect([Object.isFrozen(config), Object.isFrozen(config.limits)]).toEqual([true, true]);
  });
});

describe('MCP_DISPATCH_CONFIG', () => {
  it('names the file that is read instead of the default one', async () => {
    sandbox.write('watch = false');
    const file = path.join(sandbox.home, 'other.toml');
    writeFileSync(file, 'default_ttl = 7', { mode: 0o600 });
    for (const name of [file, '~/other.toml', path.relative(process.cwd(), file)]) {
      expect(await loadConfig({ MCP_DISPATCH_CONFIG: name })).toMatchObject({
        watch: true,
        defaultTtlSeconds: 7,
        file,
      });
    }
  });

  it('that is empty counts as not set', async () => {
    sandbox.write('watch = false');
    expect(await loadConfig({ MCP_DISPATCH_CONFIG: '' })).toMatchObject({ watch: false });
  });

  it('must name a file that exists', async () => {
    const file = path.join(sandbox.home, 'missing.toml');
    const { problems, ...rest } = await checkConfig({ MCP_DISPATCH_CONFIG: file });
    expect(rest).toEqual({ file });
    expect(problems).toEqual([{ path: file, message: expect.stringContaining('does not exist') }]);
  });

  it.each(['~bob/config.toml', '/x\0y'])('%j is refused with what is wrong', async (name) => {
    const { problems } = await checkConfig({ MCP_DISPATCH_CONFIG: name });
    expect(problems).toMatchObject([{ key: 'MCP_DISPATCH_CONFIG' }]);
  });
});

describe('MCP_DISPATCH_DIR', () => {
  it('wins over the file', async () => {
    sandbox.write('dispatch_dir = "/from/file"');
    const dir = path.join(sandbox.home, 'relay');
    expect((await loadConfig({ MCP_DISPATCH_DIR: dir })).relayDir).toBe(dir);
    expect((await loadConfig({ MCP_DISPATCH_DIR: '~/relay' })).relayDir).toBe(dir);
    expect((await loadConfig({ MCP_DISPATCH_DIR: '' })).relayDir).toBe(path.resolve('/from/file'));
  });

  // biome-ignore lint/suspicious/noTemplateCurlyInString: a client that does not expand variables passes this on.
  it.each(['relay', './relay', '${HOME}/relay', ' '])(
    '%j is refused: it would be another relay in every directory',
    async (dir) => {
      const { problems, config } = await checkConfig({ MCP_DISPATCH_DIR: dir });
      expect(problems).toEqual([
        { key: 'MCP_DISPATCH_DIR', message: expect.stringContaining('Write an absolute path.') },
      ]);
      expect(config).toBeUndefined();
    },
  );

  it('does not excuse a bad dispatch_dir in the file', async () => {
    sandbox.write('dispatch_dir = "relative"');
    const { problems } = await checkConfig({ MCP_DISPATCH_DIR: '/ok' });
    expect(problems).toMatchObject([{ key: 'dispatch_dir' }]);
  });
});

describe('MCP_DISPATCH_AGENT_ID', () => {
  it.each([undefined, '', ' ', '\t\n'])('%j is no id', async (id) => {
    expect(await loadConfig({ MCP_DISPATCH_AGENT_ID: id })).not.toHaveProperty('agentId');
  });

  it.each([' Bob ', '../x', 'human'])('%j is passed on as it is: the relay judges it', async (id) => {
    expect((await loadConfig({ MCP_DISPATCH_AGENT_ID: id })).agentId).toBe(id);
  });
});

describe('loadConfig', () => {
  it('throws CONFIG_INVALID for the first problem of the file and counts the others', async () => {
    const file = sandbox.write('agents = ["alice"]\nwach = true\ndefault_ttl = -1\n');
    const error: unknown = await loadConfig({ MCP_DISPATCH_DIR: 'relative' }).catch((thrown: unknown) => thrown);
    if (!isDispatchError(error, 'CONFIG_INVALID')) throw error;
    expect(error.data).toEqual({ path: file, line: 2, column: 1, key: 'wach' });
    expect(error.message).toBe(
      `Configuration error in ${file}, line 2, column 1, key wach: unknown key. Did you mean "watch"?\n\n` +
        '1:  agents = ["alice"]\n2:  wach = true\n    ^\n3:  default_ttl = -1\n\n' +
        'And 2 more problems: "mcp-dispatch config check" shows them all.',
    );
  });

  it('reports a bad roster instead of running in dynamic mode', async () => {
    sandbox.write('agents = ["alice", "human"]');
    await expect(loadConfig({})).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('a system without a home directory', () => {
  it('is told so once, not given a relay in the working directory', async () => {
    vi.spyOn(os, 'homedir').mockReturnValue('');
    const { problems, config } = await checkConfig({});
    expect(problems).toEqual([{ key: 'HOME', message: expect.stringContaining('no home directory is known') }]);
    expect(config).toBeUndefined();
  });

  it('works when both places are named', async () => {
    const file = path.join(sandbox.home, 'c.toml');
    writeFileSync(file, '', { mode: 0o600 });
    const relay = path.join(sandbox.home, 'relay');
    vi.spyOn(os, 'homedir').mockReturnValue('');
    expect(await loadConfig({ MCP_DISPATCH_CONFIG: file, MCP_DISPATCH_DIR: relay })).toMatchObject({ relayDir: relay });
    expect((await checkConfig({ MCP_DISPATCH_CONFIG: file })).problems).toMatchObject([{ key: 'HOME' }]);
  });
});

describe('a default file that cannot be used', () => {
  it('is a problem, not a reason to go on with defaults', async () => {
    mkdirSync(path.join(sandbox.home, '.config', 'mcp-dispatch', 'config.toml'), { recursive: true });
    expect((await checkConfig({})).problems).toMatchObject([{ message: expect.stringContaining('directory') }]);
  });
});
