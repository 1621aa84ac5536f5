/** A person who types the command gets told what it is. A terminal is made with script(1), where that is there. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { eventually, test } from '../helpers/server-sandbox.js';

const hasScript = spawnSync('script', ['--version']).stdout?.toString().includes('util-linux') === true;

test('a person at a terminal gets two lines on stderr, and Ctrl-C ends it', async ({ sandbox, expect, skip }) => {
  if (!hasScript) skip('there is no script(1) of util-linux here');
  const { args, env, cwd } = sandbox.command({ agent: 'alice' });
  const [out, err] = ['out', 'err'].map((name) => path.join(sandbox.root, name));
  // exec, or the shell answers to Ctrl-C too.
  const command = `exec "${process.execPath}" ${args.map((arg) => `"${arg}"`).join(' ')} >"${out}" 2>"${err}"`;
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { env: { ...env, SHELL: '/bin/sh' }, cwd });
  const exited = new Promise<number | null>((resolve) => terminal.on('exit', resolve));
  const text = (file = '') => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  await eventually('two lines', () => text(err).split('\n').length > 2);
  expect(text(err).trimEnd().split('\n')).toEqual([
    expect.stringMatching(/MCP server.*stdin/),
    expect.stringMatching(/--help.*demo/),
  ]);
  // An answer shows that it is up, and that what a person types there is JSON-RPC or nothing.
  terminal.stdin.write('hello?\n{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
  await eventually('an answer', () => text(out) !== '');
  terminal.stdin.write('\u0003');
  expect(await exited).toBe(0);
  expect(text(out)).toBe('{"result":{},"jsonrpc":"2.0","id":1}\n');
});
