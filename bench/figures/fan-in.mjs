/**
 * Eight processes send to one agent at the same time, durably: the messages a second of all of them, against as many that
 * write as bare files. Then the same through a server each, against servers that do no more than that.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connect } from '../client.mjs';
import { syncFolder } from '../publish.mjs';
import { bundleSource } from '../source-bundle.mjs';
import { timed } from '../statistics.mjs';

const SENDERS = Array.from({ length: 8 }, (_, index) => `sender-${index + 1}`);
const EACH = 100;
const ROUNDS = 12;
// Of each before the rounds: what is measured is code that runs, not code that is being compiled.
const WARM_UP = 2000;
const CONTENT = 'My part is done and pushed.';
const WRITER = fileURLToPath(new URL('../bare-writer.mjs', import.meta.url));

// As src/main.ts opens a relay.
const SENDER = `
  import { createInterface } from 'node:readline';
  import { Relay } from './src/relay/relay.ts';
  import { Files } from './src/store/filesystem/files.ts';
  import { FilesystemStore } from './src/store/filesystem/filesystem-store.ts';
  import { ProcessTable } from './src/store/filesystem/process-table.ts';
  process.umask(0o077);
  const [, , relayDir, agent, content] = process.argv;
  const files = new Files();
  const relay = new Relay({ store: new FilesystemStore(relayDir, { files }), processes: new ProcessTable(files) });
  const session = relay.session(agent);
  await session.begin();
  for await (const line of createInterface({ input: process.stdin })) {
    for (let index = 0; index < Number(line); index++) await session.send({ target: 'bob', content });
    process.stdout.write(line + '\\n');
  }
  await session.end();
`;

export const fanIn = {
  name: 'fan-in',
  async run({ temp, servers, freshFolder, makeRelay }) {
    const relay = freshFolder();
    const maker = makeRelay(relay);
    maker.attend('bob');
    // As in a relay: folders beside each other.
    const published = freshFolder();
    const aside = path.join(published, 'aside');
    const folder = path.join(published, 'bob');
    for (const each of [aside, folder]) mkdirSync(each);
    const inbox = maker.folder('bob');

    const module = await bundleSource(temp, 'sender', SENDER);
    const senders = SENDERS.map((agent) => new Worker([module, relay, agent, CONTENT]));
    const crews = [senders];
    try {
      await runAll(senders, 1);
      const { size: bytes } = statSync(path.join(inbox, mailIn(inbox)[0]));
      const writers = SENDERS.map(() => new Worker([WRITER, aside, folder, String(bytes)]));
      crews.push(writers);
      const processes = await inTurns(relay, [(count) => runAll(senders, count), (count) => runAll(writers, count)]);
      const clients = await Promise.all(
        SENDERS.map((agent) => connect(servers.ours({ relay, agent: `${agent}-served` }))),
      );
      const bare = await Promise.all(SENDERS.map(() => connect(servers.leanWriter({ aside, folder, bytes }))));
      const served = await inTurns(relay, [
        (count) => callAll(clients, count, send),
        (count) => callAll(bare, count, (writer) => writer.call('publish')),
      ]);
      await Promise.all([...clients, ...bare].map((client) => client.close()));
      const expected = 2 * SENDERS.length * (WARM_UP + EACH * ROUNDS);
      for (const [there, count] of [
        [mailIn(inbox).length, expected + SENDERS.length],
        [readdirSync(folder).length, expected],
      ]) {
        if (there !== count) throw new Error(`${count} were published, and ${there} are there`);
      }
      const unit = '/s';
      return [
        {
          title: 'fan-in of 8, durable',
          floorIs: '8 processes that only write, fsync, rename, fsync the folder',
          unit,
          ours: processes[0],
          floor: processes[1],
          atLeast: 0.6,
        },
        {
          title: 'same, each through a server',
          floorIs: '8 lean servers that only do that',
          unit,
          ours: served[0],
          floor: served[1],
        },
      ];
    } finally {
      await Promise.all(crews.flat().map((worker) => worker.end()));
    }
  },
};

/** The messages a second of each work, one after the other and round by round in the other order. */
async function inTurns(relay, works) {
  const rates = works.map(() => []);
  for (const work of works) await work(WARM_UP);
  for (let round = 0; round < ROUNDS; round++) {
    const turns = works.map((work, index) => [rates[index], work]);
    for (const [samples, work] of round % 2 === 0 ? turns : turns.reverse()) {
      const ms = await timed(() => work(EACH));
      // Neither pays for what the other has left unsynced.
      syncFolder(relay);
      samples.push((SENDERS.length * EACH * 1000) / ms);
    }
  }
  return rates;
}

async function send(client) {
  const answer = await client.call('dispatch', { target: 'bob', message: CONTENT });
  if (answer.queued_to?.[0] !== 'bob') throw new Error(`dispatch answered ${JSON.stringify(answer)}`);
}

/** Each client does its share, one call after the other, all side by side. */
async function callAll(clients, count, call) {
  await Promise.all(
    clients.map(async (client) => {
      for (let index = 0; index < count; index++) await call(client);
    }),
  );
}

async function runAll(workers, count) {
  await Promise.all(workers.map((worker) => worker.run(count)));
}

/** A process that is told on stdin how many to publish, and says on stdout when it has. */
class Worker {
  #child;
  #lines;

  constructor(args) {
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async run(count) {
    this.#child.stdin.write(`${count}\n`);
    const { value } = await this.#lines.next();
    if (Number(value) !== count) throw new Error(`${count} were to be published, and the process said ${value}`);
  }

  async end() {
    if (this.#child.exitCode !== null) return;
    this.#child.stdin.end();
    await once(this.#child, 'close');
  }
}

function mailIn(folder) {
  return readdirSync(folder).filter((name) => name.endsWith('.json'));
}
