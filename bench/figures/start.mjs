/** From spawning the process to the answer to `initialize`, which a client waits for before it does anything else. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { Client } from '../client.mjs';
import { timed } from '../statistics.mjs';

const STARTS = 25;
const STARTS_OF_OTHERS = 12;

// Every key, so that a file is as dear as one gets.
const CONFIG = `max_message_bytes = 65536
max_reply_bytes = 10240
default_ttl = 0
watch = true
durability = "full"`;

export const start = {
  name: 'start',
  async run({ servers, freshFolder }) {
    const relay = freshFolder();
    const rows = [];
    for (const node of [process.execPath, ...otherNodes()]) {
      const isOwn = node === process.execPath;
      const version = isOwn
        ? ''
        : `, Node ${execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim()}`;
      const candidates = {
        ours: servers.oursPlain({ relay, agent: 'alice', node }),
        uncached: servers.oursUncached({ relay, agent: 'uncached', node }),
        withConfig: servers.ours({ relay, agent: 'configured', config: CONFIG, node }),
        lean: servers.lean(node),
        raw: servers.raw(node),
      };
      const samples = await startInTurns(candidates, isOwn ? STARTS : STARTS_OF_OTHERS);
      const floor = 'lean SDK bundle';
      rows.push(
        {
          title: `start to initialize${version}`,
          floorIs: floor,
          ours: samples.ours,
          floor: samples.lean,
          bound: 1.35,
        },
        {
          title: `same, without its code cache${version}`,
          floorIs: floor,
          ours: samples.uncached,
          floor: samples.lean,
        },
        { title: `same, with a config file${version}`, floorIs: floor, ours: samples.withConfig, floor: samples.lean },
        {
          title: `same, against raw loop${version}`,
          floorIs: 'hand-written loop',
          ours: samples.ours,
          floor: samples.raw,
        },
      );
    }
    return rows;
  },
};

async function startInTurns(candidates, rounds) {
  const samples = Object.fromEntries(Object.keys(candidates).map((name) => [name, []]));
  // The first start of each reads its file from the disk.
  for (let round = -1; round < rounds; round++) {
    for (const [name, server] of Object.entries(candidates)) {
      let client;
      const ms = await timed(async () => {
        client = new Client(server);
        await client.initialize();
      });
      await client.close();
      if (round >= 0) samples[name].push(ms);
    }
  }
  return samples;
}

/** Paths of other Node binaries, as BENCH_NODES has them, separated like PATH. */
function otherNodes() {
  return (process.env.BENCH_NODES ?? '').split(path.delimiter).filter((node) => node !== '');
}
