/** `audit --follow` as it is shipped, beside a process that does jobs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Relay } from '../../src/relay/relay.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { ProcessTable } from '../../src/store/filesystem/process-table.js';
import { claimed, completed, JOB, submitted } from '../helpers/audit-lines.js';
import { eventually, test } from '../helpers/server-sandbox.js';

test('audit --follow prints what happens to a job, and ends with 0 at Ctrl-C', async ({ sandbox, expect }) => {
  const store = new FilesystemStore(sandbox.relay, { durability: 'process' });
  const { events } = new Relay({ store, processes: new ProcessTable() });
  await events.audit(submitted());
  const { args, env, cwd } = sandbox.command();
  const child = spawn(process.execPath, [...args, 'audit', '--follow', '--job', JOB, '--json'], { env, cwd });
  sandbox.atEnd(() => child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  const exit = once(child, 'exit');
  await eventually('what was there', () => out.includes('job.submitted'));
  await events.audit(completed('job-bbbbbbbbbbbb'));
  await events.audit(claimed());
  await eventually('what came', () => out.includes('job.claimed'));
  child.kill('SIGINT');
  expect(await exit).toEqual([0, null]);
  const lines = out.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).event)).toEqual(['job.submitted', 'job.claimed']);
});
