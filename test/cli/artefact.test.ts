/** The commands as they are shipped: the bundled file, in a process of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ARTEFACT = path.resolve(import.meta.dirname, '../../dist/mcp-dispatch.cjs');
const HAS_SCRIPT = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

let home: string;
let relay: string;
beforeEach(() => {
  home = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-cli-')));
  relay = path.join(home, 'relay');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function environment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HOME: home,
    USERPROFILE: home,
    TMPDIR: home,
    TMP: home,
    TEMP: home,
    MCP_DISPATCH_DIR: relay,
    ...extra,
  };
}

function run(argv: readonly string[], { input = '', env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [ARTEFACT, ...argv], {
    encoding: 'utf8',
    input,
    env: environment(env),
  });
  return { code: status, out: stdout, err: stderr };
}

/** The same at a terminal, which mixes stdout and stderr. */
function runAtTerminal(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const words = [process.execPath, ARTEFACT, ...argv].map((word) => `'${word}'`).join(' ');
  const { status, stdout } = spawnSync('script', ['-qec', words, path.join(home, 'typescript')], {
    encoding: 'utf8',
    env: environment({ TERM: 'xterm', ...env }),
  });
  return { code: status, out: stdout };
}

describe('the shipped command', () => {
  it('sends, shows and forgets, one process each', () => {
    const sent = run(['send', 'bob', '-', '--from', 'ci', '--json'], { input: 'from a pipe\n' });
    expect([sent.code, sent.err]).toEqual([0, '']);
    const { id } = JSON.parse(sent.out);
    const shown = run(['inbox', 'bob', '--json']);
    expect([shown.code, shown.err]).toEqual([0, '']);
    expect(JSON.parse(shown.out).messages).toMatchObject([{ id, from: 'ci', content: 'from a pipe' }]);
    expect(run(['forget', 'bob'])).toMatchObject({ code: 4, out: '' });
    expect(run(['forget', 'bob', '--drop']).code).toBe(0);
    expect(readdirSync(relay)).not.toContain('bob');
  });

  it('that only looks creates no relay', () => {
    expect(run(['who']).code).toBe(3);
    expect(run(['inbox', 'bob']).code).toBe(3);
    expect(run(['config', 'check']).code).toBe(0);
    expect(readdirSync(home)).toEqual([]);
  });

  it('answers each kind of failure with its exit code, talk on stderr and nothing on stdout', () => {
    for (const [argv, code] of [
      [['sned'], 2],
      [['send', 'a/b', 'hi', '--from', 'ci'], 2],
      [['send', 'all', 'hi', '--from', 'ci'], 3],
      [['send', 'bob', 'hi'], 4],
      [['ack', 'msg-x'], 4],
      [['forget', 'bob'], 3],
    ] as const) {
      const { code: got, out, err } = run(argv);
      expect([argv, got, out]).toEqual([argv, code, '']);
      expect(err).toMatch(/^error: /);
    }
  });

  it('refuses to run on with a broken configuration, and shows where it is broken', () => {
    const file = path.join(home, 'config.toml');
    writeFileSync(file, 'agentz = ["alice"]\n', { mode: 0o600 });
    const env = { MCP_DISPATCH_CONFIG: file };
    for (const argv of [['who'], ['send', 'bob', 'hi', '--from', 'ci']]) {
      expect(run(argv, { env })).toMatchObject({ code: 2, out: '', err: expect.stringContaining('agentz') });
    }
    expect(run(['config', 'check'], { env })).toMatchObject({ code: 2, out: expect.stringContaining('^') });
  });

  it('refuses with 4, and says why, when the relay is a file', () => {
    writeFileSync(relay, '');
    const { code, out, err } = run(['send', 'bob', 'hi', '--from', 'ci']);
    expect([code, out, err]).toEqual([4, '', expect.stringContaining(relay)]);
  });

  it('survives a reader that goes away', async () => {
    for (let index = 0; index < 3; index++) {
      run(['send', 'bob', '-', '--from', 'ci'], { input: 'x'.repeat(60_000) });
    }
    const child = spawn(process.execPath, [ARTEFACT, 'inbox', 'bob'], { env: environment() });
    child.stdout.destroy();
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect([code, err]).toEqual([0, '']);
  });
});

describe('the shipped demo', () => {
  it('shows every step and the configuration, and leaves nothing behind', () => {
    const { code, out, err } = run(['demo']);
    expect([code, err]).toEqual([0, '']);
    for (const word of [
      'dispatch',
      'who',
      'peek',
      'ack',
      'receipt',
      'submit',
      'kill -9',
      'completed at attempt 2',
      'claude mcp add',
      '[mcp_servers.mcp-dispatch]',
    ]) {
      expect(out).toContain(word);
    }
    expect(out).toContain(ARTEFACT);
    expect(out).not.toContain('\x1b');
    expect(readdirSync(home)).toEqual([]);
  });

  it('does not use the relay, the configuration or the name of whoever runs it, and names its file also through a link', () => {
    const file = path.join(home, 'config.toml');
    writeFileSync(file, 'agents = ["carol"]\n', { mode: 0o600 });
    // As npm installs it.
    const program = process.platform === 'win32' ? ARTEFACT : path.join(home, 'mcp-dispatch');
    if (program !== ARTEFACT) symlinkSync(ARTEFACT, program);
    const { status, stdout } = spawnSync(process.execPath, [program, 'demo', '--json'], {
      encoding: 'utf8',
      env: environment({ MCP_DISPATCH_CONFIG: file, MCP_DISPATCH_AGENT_ID: 'carol' }),
    });
    expect(status).toBe(0);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ ok: true, steps: { length: 8 } });
    expect(told.configuration.claudeJson).toContain(JSON.stringify(ARTEFACT));
    expect(readdirSync(home).filter((name) => name !== 'mcp-dispatch')).toEqual(['config.toml']);
  });

  it('fails with 1, and shows what the servers said, when they do not start', () => {
    const program = path.join(home, 'program.cjs');
    const server = 'process.stderr.write("no server today\\n"); process.exit(1);';
    writeFileSync(program, `if (process.argv[2] === 'demo') require(${JSON.stringify(ARTEFACT)}); else { ${server} }`);
    const { status, stderr } = spawnSync(process.execPath, [program, 'demo'], {
      encoding: 'utf8',
      env: environment(),
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/no server today\nerror: step 1 /);
    const json = spawnSync(process.execPath, [program, 'demo', '--json'], { encoding: 'utf8', env: environment() });
    expect([json.status, json.stderr]).toEqual([1, '']);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, steps: [], error: { code: 'DEMO_FAILED' } });
    expect(readdirSync(home)).toEqual(['program.cjs']);
  });
});

describe.skipIf(!HAS_SCRIPT)('at a terminal', () => {
  it('a person writes as the human, and reads and finishes what comes back', () => {
    expect(runAtTerminal(['send', 'bob', 'hi'])).toMatchObject({ code: 0, out: expect.stringContaining('from human') });
    run(['send', 'human', 'the answer', '--from', 'bob']);
    expect(runAtTerminal(['inbox']).out).toContain('the answer');
    expect(runAtTerminal(['ack', '--read']).out).toContain('Acknowledged 1 message');
    expect(runAtTerminal(['inbox']).code).toBe(3);
  });

  it('the shell of an agent is not a person', () => {
    const { code, out } = runAtTerminal(['send', 'bob', 'hi'], { CODEX_SANDBOX: 'seatbelt' });
    expect([code, out]).toEqual([4, expect.stringContaining('CODEX_SANDBOX')]);
  });

  it('there is colour, and none with NO_COLOR', () => {
    expect(runAtTerminal(['config', 'check'], { NO_COLOR: '' }).out).toContain('\x1b[1m');
    expect(runAtTerminal(['config', 'check'], { NO_COLOR: '1' }).out).not.toContain('\x1b[');
  });
});
