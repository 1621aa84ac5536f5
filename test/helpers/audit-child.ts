/** A process that does jobs for ever, one after the other, until it is killed: `audit-child <relay> <name>`. Says "ready" first. */
import { newSessionId } from '../../src/model/ids.js';
import { fillingOf } from '../../src/relay/jobs/job-events.js';
import { Relay } from '../../src/relay/relay.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { ProcessTable } from '../../src/store/filesystem/process-table.js';

const [root = '', agent = ''] = process.argv.slice(2);
const store = new FilesystemStore(root, { durability: 'process' });
const relay = new Relay({ store, processes: new ProcessTable() });

async function doJobs(): Promise<void> {
  const session = newSessionId();
  for (;;) {
    await relay.jobs.submit('alice', { to: agent, task: { prompt: 'x' } });
    const next = await relay.jobs.claimNext({ agent, session }, { addresses: [agent] });
    if (!('job' in next)) continue;
    const { job, token } = next;
    const of = { job: job.id, from: job.from, to: job.to, by: agent, session, attempt: job.attempts, token: 1 };
    const ran = { executor: 'node', argv: ['node', '{prompt}'], filled: [fillingOf('prompt', 'x')] };
    await relay.events.audit({ event: 'job.started', ...of, write: false, ...ran });
    await relay.jobs.settle(job.id, token, { outcome: 'completed' });
  }
}

process.stdout.write('ready\n');
doJobs().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
