/** One message to one agent that is there: with `durability = "full"`, the default, and with `"process"`. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '../client.mjs';
import { publish, syncFolder } from '../publish.mjs';
import { timed } from '../statistics.mjs';

const CONTENT =
  'Deployed to staging. The migration took 40 s; the two flaky tests are quarantined, see the thread. '.repeat(2);

// Each call after a pause, as agents make them. In a tight loop an empty call of 30 us meets a processor that has not gone to
// sleep yet, one that writes a file does not, and the ratio swings between 3 and 8 with nothing else changed.
const PAUSE_MS = 3;
// What is measured is the server as it runs, not as its code is being compiled; the floor gets the same.
const WARM_UP = 2000;

export const dispatchDurable = {
  name: 'dispatch-durable',
  async run(context) {
    const { samples, floors } = await dispatchInTurns(context, {
      turns: 400,
      floorSyncs: true,
      floor: (aside, folder, bytes, lean) => {
        publish(aside, folder, bytes);
        return lean.call('empty');
      },
    });
    return [
      {
        title: 'dispatch, durable',
        floorIs: 'write, fsync, rename, fsync of the folder; and an empty call',
        ours: samples,
        floor: floors,
        bound: 1.5,
      },
    ];
  },
};

export const dispatchProcess = {
  name: 'dispatch-process',
  async run(context) {
    const { samples, floors } = await dispatchInTurns(context, {
      config: 'durability = "process"',
      turns: 400,
      floor: (_aside, _folder, _bytes, lean) => lean.call('empty'),
    });
    return [
      {
        title: 'dispatch, durability = "process"',
        floorIs: 'an empty call of the lean SDK bundle',
        ours: samples,
        floor: floors,
        bound: 4,
      },
    ];
  },
};

async function dispatchInTurns({ servers, freshFolder, makeRelay }, { config, turns, floor, floorSyncs = false }) {
  const relay = freshFolder();
  const maker = makeRelay(relay);
  maker.attend('bob');
  const published = freshFolder();
  const aside = path.join(published, 'aside');
  const folder = path.join(published, 'bob');
  mkdirSync(aside);
  mkdirSync(folder);
  const alice = await connect(servers.ours({ relay, agent: 'alice', config }));
  const lean = await connect(servers.lean());
  await haveHadMail(alice, servers.ours({ relay, agent: 'carol', config }));
  const send = async () => {
    const answer = await alice.call('dispatch', { target: 'bob', message: CONTENT });
    if (answer.sent !== true || answer.queued_to?.[0] !== 'bob' || answer.not_listening !== undefined) {
      throw new Error(`dispatch answered ${JSON.stringify(answer)}`);
    }
  };
  let sent = 0;
  for (; sent < WARM_UP; sent++) {
    await send();
    await lean.call('empty');
  }
  const [first] = readdirSync(maker.folder('bob')).filter((name) => name.endsWith('.json'));
  const bytes = readFileSync(maker.folder('bob', first));
  const samples = [];
  const floors = [];
  for (let turn = 0; turn < turns; turn++) {
    await pause(PAUSE_MS);
    samples.push(await timed(send));
    sent++;
    // The sender's own bookkeeping is not synced: a floor that syncs would pay for it.
    if (floorSyncs) syncFolder(maker.folder('bob'));
    await pause(PAUSE_MS);
    floors.push(await timed(() => floor(aside, folder, bytes, lean)));
  }
  await Promise.all([alice.close(), lean.close()]);
  const stored = readdirSync(maker.folder('bob')).filter((name) => name.endsWith('.json')).length;
  if (stored !== sent) throw new Error(`${sent} messages were sent, and ${stored} are there`);
  return { samples, floors };
}

/** Gives the sender a mailbox that was used before, as that of a working agent has been. */
async function haveHadMail(agent, other) {
  const carol = await connect(other);
  const { id } = await carol.call('dispatch', { target: 'alice', message: CONTENT });
  await carol.close();
  const { messages } = await agent.call('peek');
  const { acked } = await agent.call('ack', { message_ids: [id] });
  if (messages[0].id !== id || acked !== 1) throw new Error('the first message did not arrive');
}
