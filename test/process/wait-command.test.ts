/** `mcp-dispatch wait` as a model runs it: in a shell of its client, beside that client's server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually, isAlive, type Sandbox, SERVER, test } from '../helpers/server-sandbox.js';

const FAKE_CLIENT = fileURLToPath(new URL('./preload/fake-client.cjs', import.meta.url));

/** A client with a server for `agent`, and with `mcp-dispatch wait` in a shell of its own, which does not know the agent. */
async function startClient(sandbox: Sandbox, agent: string, waitArguments = '') {
  const child = spawn(process.execPath, [FAKE_CLIENT], { stdio: ['pipe', 'pipe', 'inherit'] });
  sandbox.atEnd(() => child.kill('SIGKILL'));
  const answers: string[] = [];
  readline.createInterface({ input: child.stdout }).on('line', (line) => answers.push(line));
  const ask = (question: object) => child.stdin.write(`${JSON.stringify(question)}\n`);
  const { args, env } = sandbox.command({ agent });
  ask({ server: 'fake', command: process.execPath, args, env });
  await eventually(`the server of ${agent}`, () => answers.length === 1);
  const shell = sandbox.command({});
  const pidFile = path.join(sandbox.home, `${agent}.pid`);
  const line = `'${process.execPath}' '${SERVER}' wait ${waitArguments} & echo $! $$ > '${pidFile}'; wait $!`;
  ask({ command: 'sh', args: ['-c', line], env: shell.env });
  const text = await eventually('the wait', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8').trim());
  // The command, and its shell.
  const pids = text.split(' ').map(Number);
  return { child, pids, answer: () => (answers.length < 2 ? undefined : JSON.parse(answers[1] as string)) };
}

test
  .runIf(process.platform === 'linux')
  .concurrent(
    'the mail of the session that the shell belongs to ends it, and no other mail',
    async ({ sandbox, expect }) => {
      const [bob, carol] = [await startClient(sandbox, 'bob'), await startClient(sandbox, 'carol')];
      const alice = await sandbox.local('alice');
      await alice.call('dispatch', { message: 'the secret word', target: 'bob' });
      const answer = await eventually('the notice', bob.answer);
      expect(answer).toMatchObject({ code: 0, out: expect.stringContaining('1 unread message for bob') });
      expect(answer.out).not.toContain('secret');
      expect(carol.answer()).toBeUndefined();
      await alice.call('dispatch', { message: 'hello', target: 'carol' });
      expect(await eventually('the notice', carol.answer)).toMatchObject({
        code: 0,
        out: expect.stringContaining('1 unread message for carol'),
      });
      // Its server ends with its pipes.
      await Promise.all(
        [bob, carol].map(({ child }) => {
          child.stdin.end();
          return once(child, 'close');
        }),
      );
    },
  );

test
  .runIf(process.platform === 'linux')
  .concurrent('it is over when its client is gone, though nobody ends it', async ({ sandbox, expect }) => {
    const { child, pids } = await startClient(sandbox, 'bob', '--follow');
    expect(pids.map(isAlive)).toEqual([true, true]);
    child.kill('SIGKILL');
    await eventually('the end of the wait', () => !pids.some(isAlive));
  });
