/**
 * The whole life of one message out of a log of a million events. The answer is timed in a new process for each sample, as in the command:
 * code that was never called before, and from opening the relay until all is known. The whole command has the start of Node besides.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import process from 'node:process';
import { makeLog } from '../log-maker.mjs';
import { bundleSource } from '../source-bundle.mjs';
import { timed } from '../statistics.mjs';

const EVENTS = 1_000_000;
const ROUNDS = 15;

// As src/main.ts opens a relay.
const ANSWER = `
  import { Relay } from './src/relay/relay.ts';
  import { traceMessage } from './src/relay/trace.ts';
  import { Files } from './src/store/filesystem/files.ts';
  import { FilesystemStore } from './src/store/filesystem/filesystem-store.ts';
  import { ProcessTable } from './src/store/filesystem/process-table.ts';
  const [, , relayDir, id] = process.argv;
  const start = performance.now();
  const files = new Files();
  const relay = new Relay({ store: new FilesystemStore(relayDir, { files }), processes: new ProcessTable(files) });
  const [message] = await traceMessage(relay, id);
  const ms = performance.now() - start;
  const events = [message.sent, ...message.copies.flatMap(({ events }) => events)];
  process.stdout.write(JSON.stringify({ ms, events: events.map((event) => event?.event) }));
`;

export const trace = {
  name: 'trace',
  async run({ temp, servers, freshFolder }) {
    const [relay, quiet] = [freshFolder(), freshFolder()];
    const log = await makeLog(temp, relay, EVENTS);
    const single = await makeLog(temp, quiet, 1);
    const answer = await bundleSource(temp, 'trace-answer', ANSWER);
    const samples = { answer: [], read: [], command: [], single: [] };
    for (let round = -1; round < ROUNDS; round++) {
      const ms = {
        answer: answerOf(answer, relay, log.id),
        read: await timed(() => readAll(log.files)),
        command: await timed(() => runCommand(servers, relay, log.id)),
        single: await timed(() => runCommand(servers, quiet, single.id)),
      };
      // The first round reads from the disk what the others find in memory.
      if (round >= 0) for (const name of Object.keys(ms)) samples[name].push(ms[name]);
    }
    return [
      { title: 'trace, 1,000,000 events', ours: samples.answer, bound: 150 },
      { title: 'same, against reading', floorIs: 'reading the log', ours: samples.answer, floor: samples.read },
      {
        title: 'same, the whole command',
        floorIs: 'the same with a log of a few messages',
        ours: samples.command,
        floor: samples.single,
      },
    ];
  },
};

function answerOf(module, relay, id) {
  const { ms, events } = JSON.parse(execFileSync(process.execPath, [module, relay, id], { encoding: 'utf8' }));
  assertWholeLife(events);
  return ms;
}

function runCommand(servers, relay, id) {
  const { command, args, ...options } = servers.command({ relay, agent: 'alice', args: ['trace', id, '--json'] });
  const { messages } = JSON.parse(execFileSync(command, args, { ...options, encoding: 'utf8' }));
  const [{ sent, recipients }] = messages;
  assertWholeLife([sent, ...recipients.flatMap(({ events }) => events)].map((event) => event?.event));
}

function assertWholeLife(events) {
  if (events.join() !== 'sent,shown,acked') throw new Error(`of a message's life trace tells ${events.join()}`);
}

/** Takes every byte into one buffer, as large as the reads of the log reader. */
function readAll(files) {
  const buffer = Buffer.allocUnsafe(256 * 1024);
  for (const file of files) {
    const handle = openSync(file, 'r');
    while (readSync(handle, buffer) > 0);
    closeSync(handle);
  }
}
