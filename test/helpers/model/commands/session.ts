/** Sessions come and go: a first one, a restart, a second one beside it, a clean end, kill -9. */
import * as fc from 'fast-check';
import { command, nth, seat, someoneIsThere } from '../command.js';
import { begin } from '../office.js';
import { AGENTS } from '../post.js';

const MOST_SEATS = 5;

export const startSession = command({
  name: 'startSession',
  given: fc.record({ agent: fc.constantFrom(...AGENTS) }),
  may: (post) => post.live.length < MOST_SEATS,
  async run(post, office, { agent }) {
    await begin(post, office, agent);
  },
});

/** What it had in hand is given back before it goes. */
export const endSession = command({
  name: 'endSession',
  given: fc.record({ who: nth }),
  may: someoneIsThere,
  async run(post, office, { who }) {
    const leaving = seat(post, who);
    await office.session(leaving).end();
    for (const reply of post.openReplies) if (reply.seat === leaving) post.release(reply);
    leaving.alive = false;
  },
});

export const crash = command({
  name: 'crash',
  given: fc.record({ who: nth }),
  may: someoneIsThere,
  async run(post, office, { who }) {
    const victim = seat(post, who);
    office.kill(victim);
    victim.alive = false;
  },
});
