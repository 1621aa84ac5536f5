/** `tail --follow` as it is shipped, beside other processes that write the log. */
import { type ChildProcess, spawn } from 'node:child_process';
import { eventually, type Sandbox, test } from '../helpers/server-sandbox.js';

function follow(sandbox: Sandbox) {
  const { args, env, cwd } = sandbox.command();
  const child = spawn(process.execPath, [...args, 'tail', '--follow', '--json'], { env, cwd });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.err += chunk;
  });
  sandbox.atEnd(() => child.kill('SIGKILL'));
  return { child, said, closed: ended(child) };
}

function ended(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve([code, signal])));
}

const send = (sandbox: Sandbox, text: string) => sandbox.post('ci', 'bob', text);

test('tail --follow prints what other processes note, a line of JSON each, and ends with 0 at Ctrl-C', async ({
  sandbox,
  expect,
}) => {
  const before = await send(sandbox, 'before');
  const { child, said, closed } = follow(sandbox);
  await eventually('what was there', () => said.out.includes(before));
  const ids = [await send(sandbox, 'one'), await send(sandbox, 'two')];
  await eventually('what came', () => ids.every((id) => said.out.includes(id)));
  child.kill('SIGINT');
  expect(await closed).toEqual([0, null]);
  const events = said.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.map(({ event, id, from, to }) => [event, id, from, to])).toEqual(
    [before, ...ids].map((id) => ['sent', id, 'ci', ['bob']]),
  );
  expect(said.err).toBe('');
});

test('tail --follow ends with 0 when its reader has gone', async ({ sandbox, expect }) => {
  const before = await send(sandbox, 'before');
  const { child, said, closed } = follow(sandbox);
  await eventually('what was there', () => said.out.includes(before));
  child.stdout?.destroy();
  let exit: Awaited<typeof closed> | undefined;
  closed.then((how) => {
    exit = how;
  });
  await eventually('its end', async () => {
    // The pipe may still take the first line after its reader has gone.
    if (exit === undefined) await send(sandbox, 'more');
    return exit;
  });
  expect(exit).toEqual([0, null]);
  expect(said.err).toBe('');
});
