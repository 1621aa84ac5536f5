/** One run: commands at random on a new relay, then a quiet end in which everyone reads what is left. */
import { deepStrictEqual } from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Store } from '../../../src/store/store.js';
import { claim } from './claiming.js';
import { write } from './commands/read.js';
import { tellAll } from './commands/receipts.js';
import { COMMANDS } from './commands.js';
import { compare } from './compare.js';
import { type Adapter, begin, Office } from './office.js';
import { AGENTS, type Post } from './post.js';

export interface Replay {
  readonly seed: number;
  /** Of one counterexample; undefined runs all. */
  readonly path?: string | undefined;
  /** Which of its commands ran. */
  readonly commands?: string | undefined;
}

const MOST_COMMANDS = 40;

/** Holds when the relay on this adapter does what the model says. `wrap` gives each process another store. */
export function relayFollowsModel(adapter: Adapter, commands?: string, wrap?: (store: Store) => Store) {
  const replayed = commands === undefined ? {} : { replayPath: commands };
  const sequence = fc.commands(COMMANDS, { maxCommands: MOST_COMMANDS, size: 'max', ...replayed });
  return fc.asyncProperty(sequence, async (chosen) => {
    const office = new Office(adapter, wrap);
    const post = office.model();
    try {
      for (const agent of ['alice', 'bob'] as const) await begin(post, office, agent);
      await fc.asyncModelRun(() => ({ model: post, real: office }), chosen);
      await quietEnd(post, office);
    } finally {
      await office.close();
    }
  });
}

/** Nothing stays unread once everybody has looked, and nothing is anywhere else than the model says. */
async function quietEnd(post: Post, office: Office): Promise<void> {
  // Told everything before the last replies are written: what they still change is news, and nothing else is.
  for (const agent of AGENTS) await tellAll(post, office, agent);
  for (const reply of post.openReplies) await write(post, office, reply);
  await compare(post, office);
  for (const agent of AGENTS) {
    const seat = await begin(post, office, agent);
    await write(post, office, await claim(post, office, seat, { by: 'peek', limit: 100 }));
    deepStrictEqual(post.waiting(agent), [], `${agent} has read everything`);
  }
  await compare(post, office);
}
