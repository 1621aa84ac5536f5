/**
 * What the limits cost a sender: into an inbox that holds 9,000 messages, and into an empty one. With `durability = "process"`, because
 * a sync would hide the difference.
 */
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '../client.mjs';
import { timed } from '../statistics.mjs';

const WAITING = 9000;
const ROUNDS = 300;
const WARM_UP = 300;
const FRESH_ROUNDS = 10;
// As in dispatch.mjs.
const PAUSE_MS = 3;

const PROCESS = 'durability = "process"';
// As high as they can be set, so that everything is counted and nothing is refused.
const COUNTED = `${PROCESS}
[limits]
inbox_messages = 1000000
inbox_bytes = 1099511627776
sends_per_minute = 100000
thread_messages_per_hour = 1000000`;

export const limits = {
  name: 'limits',
  async run({ servers, freshFolder, makeRelay }) {
    const relay = freshFolder();
    const maker = makeRelay(relay);
    for (const agent of ['full', 'empty']) maker.attend(agent);
    maker.queue('full', 'carol', WAITING);
    maker.queue('empty', 'carol', 0);
    const connectAs = (agent, config = COUNTED) => connect(servers.ours({ relay, agent, config }));
    const counted = await connectAs('alice');
    const free = await connectAs('dave', PROCESS);
    const send = senderInto(maker, freshFolder());

    const samples = { full: [], empty: [], free: [], freshFull: [], freshEmpty: [] };
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      const turns = [
        ['full', counted, 'full'],
        ['empty', counted, 'empty'],
        ['free', free, 'empty'],
      ];
      for (const [name, client, to] of round % 2 === 0 ? turns : turns.reverse()) {
        if (round >= 0) await pause(PAUSE_MS);
        const ms = await send(client, to);
        if (round >= 0) samples[name].push(ms);
      }
    }
    await Promise.all([counted.close(), free.close()]);
    for (let round = 0; round < FRESH_ROUNDS; round++) {
      for (const [name, to] of [
        ['freshFull', 'full'],
        ['freshEmpty', 'empty'],
      ]) {
        const client = await connectAs('erin');
        samples[name].push(await send(client, to));
        await client.close();
      }
    }
    const floorIs = 'the same into an empty inbox';
    return [
      { title: 'dispatch with limits, 9,000 waiting', floorIs, ours: samples.full, floor: samples.empty, bound: 1.5 },
      { title: 'same, first call of a session', floorIs, ours: samples.freshFull, floor: samples.freshEmpty },
      {
        title: 'dispatch with limits, empty inbox',
        floorIs: 'the same without limits',
        ours: samples.empty,
        floor: samples.free,
      },
    ];
  },
};

/** Sends take their message out of the inbox again, so that it holds what it held; nothing is removed, see new-files.mjs. */
function senderInto(maker, aside) {
  const held = new Map();
  const namesIn = (agent) => readdirSync(maker.folder(agent)).filter((name) => name.endsWith('.json'));
  for (const agent of ['full', 'empty']) {
    held.set(agent, new Set(namesIn(agent)));
    mkdirSync(path.join(aside, agent));
  }
  return async (client, to) => {
    let answer;
    const ms = await timed(async () => {
      answer = await client.call('dispatch', { target: to, message: 'The build is green again.' });
    });
    const added = namesIn(to).filter((name) => !held.get(to).has(name));
    if (answer.queued_to?.[0] !== to || added.length !== 1 || !added[0].includes(`.${answer.id}.`)) {
      throw new Error(`dispatch to ${to} answered ${JSON.stringify(answer)}, and ${added.length} messages came`);
    }
    renameSync(maker.folder(to, added[0]), path.join(aside, to, added[0]));
    return ms;
  };
}
