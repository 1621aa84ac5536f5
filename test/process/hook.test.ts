/** Hooks as they are shipped: the built program below the processes of clients, which start it in every way. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { foreignMessage } from '../helpers/relay-world.js';
import { listTree, type Sandbox, SERVER, test } from '../helpers/server-sandbox.js';

const FAKE_CLIENT = fileURLToPath(new URL('./preload/fake-client.cjs', import.meta.url));
const linux = process.platform === 'linux';

interface Ran {
  readonly out: string;
  readonly err: string;
  readonly code: number;
  readonly ms: number;
}

/** How a client starts what it starts. */
const WAYS = ['directly', 'through a shell', 'through npx'] as const;
type Way = (typeof WAYS)[number];

/** A client of the test's own: a process with a server below it, or none, that runs hooks. */
class Client {
  readonly #child: ChildProcess;
  readonly #answers: ((line: string) => void)[] = [];

  constructor(
    private readonly sandbox: Sandbox,
    private readonly env: Record<string, string> = {},
  ) {
    const env_ = { PATH: process.env.PATH ?? '', SANDBOX: sandbox.root };
    this.#child = spawn(process.execPath, [FAKE_CLIENT], { env: env_, stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = readline.createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => this.#answers.shift()?.(line));
    // Its server ends with its pipes.
    sandbox.atEnd(() => this.#child.kill('SIGKILL'));
  }

  /** Starts a server, and returns when it is present. */
  async serve(agent: string, way: Way, name = 'fake-client'): Promise<void> {
    await this.#ask({ server: name, ...this.#command([], way, { MCP_DISPATCH_AGENT_ID: agent }) });
  }

  async hook(event: string, way: Way, more: { input?: string; endless?: boolean; client?: string } = {}): Promise<Ran> {
    const { input = '{"session_id":"one"}', endless = false, client = 'claude-code' } = more;
    return (await this.#ask({ ...this.#command(['hook', client, event], way), input, endless })) as Ran;
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin?.end();
    await ended;
  }

  #command(args: readonly string[], way: Way, more: Record<string, string> = {}) {
    const { env } = this.sandbox.command({ env: { ...this.env, ...more } });
    const words = [process.execPath, SERVER, ...args];
    if (way === 'directly') return { command: words[0], args: words.slice(1), env };
    const line = words.map((word) => `'${word}'`).join(' ');
    // The second command keeps the shell, which would else become the first.
    if (way === 'through a shell') return { command: 'sh', args: ['-c', `${line}; exit $?`], env };
    const launcher = path.join(this.sandbox.home, 'npx-cli.js');
    writeFileSync(
      launcher,
      `process.title = 'npm exec mcp-dispatch'; const { spawn } = require('node:child_process');
       spawn('sh', ['-c', process.argv[2]], { stdio: 'inherit' }).on('exit', (code) => process.exit(code));`,
    );
    return { command: process.execPath, args: [launcher, `${line}; exit $?`], env };
  }

  #ask(question: object): Promise<unknown> {
    const answer = new Promise<string>((resolve) => this.#answers.push(resolve));
    this.#child.stdin?.write(`${JSON.stringify(question)}\n`);
    return answer.then((line) => JSON.parse(line));
  }
}

const noticeOf = ({ out }: Ran) => JSON.parse(out).hookSpecificOutput.additionalContext as string;
const SILENT = { out: '', err: '', code: 0 };

/** Mail for `agent`, from outside of any client. */
const post = (sandbox: Sandbox, agent: string, relay = sandbox.relay) =>
  sandbox.post('ci', agent, 'a word that no notice has', { relay });

for (const way of WAYS) {
  test.runIf(linux)(
    `two windows side by side each hear of their own mail, started ${way}`,
    async ({ sandbox, expect }) => {
      const windows = { alice: new Client(sandbox), bob: new Client(sandbox) };
      for (const [agent, window] of Object.entries(windows)) await window.serve(agent, way);
      for (const [agent, window] of Object.entries(windows)) {
        expect(await window.hook('UserPromptSubmit', way)).toMatchObject(SILENT);
        const id = await post(sandbox, agent);
        for (const [other, its] of Object.entries(windows))
          if (other !== agent) expect(await its.hook('PostToolBatch', way)).toMatchObject(SILENT);
        const said = noticeOf(await window.hook('UserPromptSubmit', way));
        expect(said).toContain(`1 unread message for ${agent}: ${id} from ci.`);
        expect(said).not.toContain('word');
        expect(await window.hook('UserPromptSubmit', way)).toMatchObject(SILENT);
      }
      for (const window of Object.values(windows)) await window.end();
    },
  );
}

test.runIf(linux)(
  'a client without our server hears nothing of one beside it, though its environment has the name',
  async ({ sandbox, expect }) => {
    const alice = new Client(sandbox);
    const without = new Client(sandbox, { MCP_DISPATCH_AGENT_ID: 'alice' });
    await alice.serve('alice', 'through a shell');
    await post(sandbox, 'alice');
    for (const event of ['UserPromptSubmit', 'PostToolBatch', 'Stop'])
      expect(await without.hook(event, 'directly'), event).toMatchObject(SILENT);
    for (const way of WAYS) expect(await without.hook('SessionStart', way), way).toMatchObject(SILENT);
    expect(noticeOf(await alice.hook('SessionStart', 'directly'))).toContain('for alice');
    await alice.end();
    // Nobody serves alice any more: now the name is all that there is to go by.
    expect(noticeOf(await without.hook('SessionStart', 'directly'))).toContain('for alice');
    await without.end();
  },
);

test('an input that is no JSON, is huge, or never ends is answered with silence and 0, and a bound in time', async ({
  sandbox,
  expect,
}) => {
  const bob = new Client(sandbox, { MCP_DISPATCH_AGENT_ID: 'bob' });
  await post(sandbox, 'bob');
  const large = JSON.stringify({ session_id: 's', tool_response: 'x'.repeat(1_048_576) });
  for (const input of ['', 'no json', '[1]', large, 'x'.repeat(8_000_000)])
    expect(await bob.hook('SessionStart', 'directly', { input }), input.slice(0, 20)).toMatchObject(SILENT);
  const endless = await bob.hook('SessionStart', 'directly', { input: '{', endless: true });
  expect(endless).toMatchObject(SILENT);
  // Not sooner than the two seconds that it waits; and it has ended, whatever the machine is doing.
  expect(endless.ms).toBeGreaterThanOrEqual(1900);
  const room = JSON.stringify({ session_id: 's', filler: 'x'.repeat(1_048_000) });
  expect(noticeOf(await bob.hook('SessionStart', 'directly', { input: room }))).toContain('for bob');
  await bob.end();
});

test('a hook where there is no relay makes none', async ({ sandbox, expect }) => {
  const bob = new Client(sandbox, { MCP_DISPATCH_AGENT_ID: 'bob' });
  for (const event of ['SessionStart', 'Stop', 'SessionEnd'])
    expect(await bob.hook(event, 'directly')).toMatchObject(SILENT);
  expect(existsSync(sandbox.relay)).toBe(false);
  await bob.end();
});

test('a hook that finds nothing new leaves everything as it is', async ({ sandbox, expect }) => {
  const bob = new Client(sandbox, { MCP_DISPATCH_AGENT_ID: 'carol' });
  await post(sandbox, 'bob');
  const before = listTree(sandbox.relay);
  for (const event of ['SessionStart', 'UserPromptSubmit', 'PostToolBatch', 'Stop'])
    expect(await bob.hook(event, 'directly')).toMatchObject(SILENT);
  expect(listTree(sandbox.relay)).toEqual(before);
  await bob.end();
});

test('a relay that cannot be used is said on stderr in a line, with 0 all the same', async ({ sandbox, expect }) => {
  await post(sandbox, 'bob');
  const broken: readonly [string, (relay: string) => void][] = [
    ['of a newer format', (relay) => writeFileSync(path.join(relay, '.format'), '2\n')],
    ['that others can write', (relay) => chmodSync(relay, 0o777)],
    ['that is a file', () => {}],
  ];
  for (const [index, [what, harm]] of broken.entries()) {
    const relay = path.join(sandbox.root, `relay-${index}`);
    if (what.endsWith('file')) writeFileSync(relay, '');
    else await post(sandbox, 'bob', relay);
    harm(relay);
    const bob = new Client(sandbox, { MCP_DISPATCH_AGENT_ID: 'bob', MCP_DISPATCH_DIR: relay });
    const { out, err, code } = await bob.hook('SessionStart', 'directly');
    expect([out, code], what).toEqual(['', 0]);
    expect(err, what).toMatch(/^mcp-dispatch hook: Relay [^\n]+\n$/);
    await bob.end();
  }
});

test('a configuration is honoured, and one that is wrong is said on stderr, with 0', async ({ sandbox, expect }) => {
  const relay = path.join(sandbox.root, 'elsewhere');
  await post(sandbox, 'bob', relay);
  const file = path.join(sandbox.home, 'config.toml');
  const bob = new Client(sandbox, { MCP_DISPATCH_AGENT_ID: 'bob', MCP_DISPATCH_DIR: '', MCP_DISPATCH_CONFIG: file });
  writeFileSync(file, `dispatch_dir = ${JSON.stringify(relay)}\n`, { mode: 0o600 });
  expect(noticeOf(await bob.hook('SessionStart', 'directly'))).toContain('for bob');
  writeFileSync(file, 'dispatch_dirr = 1\n', { mode: 0o600 });
  const { out, err, code } = await bob.hook('SessionStart', 'directly');
  expect([out, code]).toEqual(['', 0]);
  expect(err).toMatch(/^mcp-dispatch hook: [^\n]*dispatch_dirr[^\n]*\n$/);
  await bob.end();
});

test('mail of another program is announced: what reads it is loaded then', async ({ sandbox, expect }) => {
  mkdirSync(path.join(sandbox.relay, 'bob'), { recursive: true, mode: 0o700 });
  writeFileSync(path.join(sandbox.relay, 'bob', '1771360200000.json'), JSON.stringify(foreignMessage()), {
    mode: 0o600,
  });
  const bob = new Client(sandbox, { MCP_DISPATCH_AGENT_ID: 'bob' });
  expect(noticeOf(await bob.hook('SessionStart', 'directly'))).toContain('msg-foreign00001 from alice');
  await bob.end();
});

test('a hook whose part of the program is missing or unfit, as during an update, is a line on stderr, with 0', ({
  sandbox,
  expect,
}) => {
  const program = path.join(sandbox.root, 'mcp-dispatch.cjs');
  copyFileSync(SERVER, program);
  const run = () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'hook', 'claude-code', 'Stop'], {
      input: '{}',
      encoding: 'utf8',
    });
    return { code: status, out: stdout, err: stderr };
  };
  const line = expect.stringMatching(/^mcp-dispatch hook: [^\n]+\n$/);
  expect(run()).toEqual({ code: 0, out: '', err: line });
  for (const part of ['module.exports = {};', 'throw new Error("half\\nof it");', 'function (']) {
    writeFileSync(path.join(sandbox.root, 'hook.cjs'), part);
    expect(run()).toEqual({ code: 0, out: '', err: line });
  }
});

test('an event that is not known, or a client, is no error to whoever runs it', async ({ sandbox, expect }) => {
  const bob = new Client(sandbox);
  for (const [client, event] of [
    ['claude-code', 'PreToolUse'],
    ['emacs', 'Stop'],
  ] as const) {
    const { out, err, code } = await bob.hook(event, 'directly', { client });
    expect([out, err, code]).toEqual(['', `mcp-dispatch hook: unknown: ${client} ${event}\n`, 0]);
  }
  await bob.end();
});

test('the part of the program that is a hook holds no library of the server, and is small', ({ expect }) => {
  const dist = path.dirname(SERVER);
  const read = (file: string) => readFileSync(path.join(dist, file), 'utf8');
  const hook = read('hook.cjs');
  const others = read('main.cjs') + read('command.cjs');
  for (const word of ['ZodError', 'CommanderError', 'tools/list', 'FSWatcher']) {
    expect(hook, word).not.toContain(word);
    expect(others, word).toContain(word);
  }
  // To compile it is most of what a hook costs besides the start of Node.
  expect(hook.length).toBeLessThan(160_000);
  expect(statSync(SERVER).size).toBeLessThan(4000);
});

test.runIf(linux)(
  'a hook that is started through a link, as npm installs it, finds its other parts',
  async ({ sandbox, expect }) => {
    const link = path.join(sandbox.home, 'mcp-dispatch');
    symlinkSync(SERVER, link);
    const { env } = sandbox.command({ env: { MCP_DISPATCH_AGENT_ID: 'bob' } });
    await post(sandbox, 'bob');
    const { stdout, status } = spawnSync(link, ['hook', 'codex', 'SessionStart'], {
      env,
      input: '{}',
      encoding: 'utf8',
    });
    expect([status, JSON.parse(stdout).hookSpecificOutput.hookEventName]).toEqual([0, 'SessionStart']);
    expect(readdirSync(sandbox.home)).toEqual(['mcp-dispatch']);
  },
);
