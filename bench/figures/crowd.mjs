/** Fifty agents: listing them with `who`, and writing to all of them at once. */
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { connect } from '../client.mjs';
import { publish, syncFolder } from '../publish.mjs';
import { timed } from '../statistics.mjs';

const AGENTS = Array.from({ length: 50 }, (_, index) => `agent-${String(index + 1).padStart(2, '0')}`);
const UNREAD = 3;

export const who = {
  name: 'who',
  async run({ servers, freshFolder, makeRelay }) {
    const relay = freshFolder();
    const maker = makeRelay(relay);
    for (const agent of AGENTS) {
      maker.attend(agent);
      maker.queue(agent, 'carol', UNREAD);
    }
    const alice = await connect(servers.ours({ relay, agent: 'alice' }));
    const samples = [];
    for (let round = -10; round < 60; round++) {
      const answers = [];
      const ms = await timed(async () => answers.push(await alice.call('who')));
      while (answers.at(-1).next_cursor !== undefined) {
        answers.push(await alice.call('who', { cursor: answers.at(-1).next_cursor }));
      }
      assertAllAreThere(answers);
      if (round >= 0) samples.push(ms);
    }
    await alice.close();
    return [{ title: 'who, 50 agents', ours: samples, bound: 10 }];
  },
};

export const broadcast = {
  name: 'broadcast',
  async run({ servers, freshFolder, makeRelay }) {
    const relay = freshFolder();
    const maker = makeRelay(relay);
    for (const agent of AGENTS) maker.attend(agent);
    // As in a relay: folders beside each other.
    const published = freshFolder();
    const aside = path.join(published, 'aside');
    const folders = AGENTS.map((agent) => path.join(published, agent));
    for (const folder of [aside, ...folders]) mkdirSync(folder);
    const content = 'The main branch is frozen until the release is out. '.repeat(4);
    const bytes = Buffer.from(content);
    const alice = await connect(servers.ours({ relay, agent: 'alice' }));
    const samples = [];
    const floors = [];
    for (let round = -2; round < 20; round++) {
      let answer;
      const ms = await timed(async () => {
        answer = await alice.call('dispatch', { target: 'all', message: content });
      });
      if (answer.sent !== true || answer.queued_to.length !== AGENTS.length || answer.refused !== undefined) {
        throw new Error(`dispatch to all answered ${JSON.stringify(answer)}`);
      }
      // Neither pays for what the other has left unsynced.
      syncFolder(relay);
      const floorMs = await timed(() => {
        for (const folder of folders) publish(aside, folder, bytes);
      });
      if (round < 0) continue;
      samples.push(ms);
      floors.push(floorMs);
    }
    await alice.close();
    for (const agent of AGENTS) {
      const count = readdirSync(maker.folder(agent)).filter((name) => name.endsWith('.json')).length;
      if (count !== 22) throw new Error(`${agent} has ${count} messages of 22`);
    }
    return [
      {
        title: 'broadcast to 50',
        floorIs: '50 times write, fsync, rename, fsync of the folder',
        ours: samples,
        floor: floors,
        bound: 0.6,
      },
    ];
  },
};

/** Everyone is listed as live, over as many pages as it takes, and the unread mail is counted. */
function assertAllAreThere(answers) {
  const listed = answers.flatMap(({ agents }) => agents);
  const fine = AGENTS.every((name) => {
    const entry = listed.find(({ agent_id: id }) => id === name);
    return entry?.sessions.length === 1 && entry.unread === UNREAD;
  });
  if (!fine || listed.length !== AGENTS.length + 1)
    throw new Error(`who answered ${JSON.stringify(answers).slice(0, 500)}`);
}
