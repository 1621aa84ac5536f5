/** The operations of which every system call is made to fail, each on a relay with just the mail it needs. */
import type { Relay } from '../../src/relay/relay.js';
import { failureOf } from './mail-ledger.js';
import type { Stage } from './stage.js';

export interface FaultScenario {
  readonly name: string;
  /** Whose sessions are there before anything fails. */
  readonly present: readonly string[];
  /** Without it there is no relay yet. */
  prepare?(stage: Stage): Promise<void>;
  /** Never rejects with what callers may see: that is an answer, and stands in the ledger. Gives what the answer claims beyond mail. */
  run(stage: Stage): Promise<{ claim: string; holds(onlooker: Relay): Promise<boolean> } | undefined>;
}

const CROWD = ['bob', 'carol', 'dave', 'erin', 'frank'];

async function start(stage: Stage, how: 'announce' | 'begin') {
  const session = stage.session('bob');
  const failure = await session[how]().catch(failureOf);
  if (failure !== undefined) return undefined;
  return {
    claim: 'bob is present',
    holds: (onlooker: Relay) => onlooker.presence.isAnnounced('bob', session.id),
  };
}

let ids: readonly string[] = [];

export const FAULT_SCENARIOS: readonly FaultScenario[] = [
  {
    name: 'dispatch',
    present: ['alice'],
    async prepare(stage) {
      await stage.meet('bob');
      await stage.send('alice', 'bob', 'earlier');
    },
    async run(stage) {
      await stage.send('alice', 'bob', 'during the fault');
      return undefined;
    },
  },
  {
    name: 'dispatch to an agent without an inbox',
    present: [],
    prepare: (stage) => stage.meet('bob'),
    async run(stage) {
      await stage.send('alice', 'bob', 'during the fault');
      return undefined;
    },
  },
  {
    name: 'broadcast to 5',
    present: ['alice'],
    async prepare(stage) {
      await stage.meet(...CROWD);
      // Two have an inbox already.
      await stage.send('alice', 'bob', 'earlier');
      await stage.send('alice', 'carol', 'earlier too');
    },
    async run(stage) {
      await stage.ledger.send(stage.session('alice'), { target: 'all', content: 'to everyone' }, CROWD);
      return undefined;
    },
  },
  {
    name: 'peek',
    present: ['bob'],
    async prepare(stage) {
      await stage.send('alice', 'bob', 'first');
      await stage.send('carol', 'bob', 'second');
      await stage.send('bob', 'alice', 'of his own');
      await stage.peek('alice');
    },
    async run(stage) {
      await stage.peek('bob');
      return undefined;
    },
  },
  {
    name: 'peek whose reply is not written',
    present: ['bob'],
    async prepare(stage) {
      await stage.send('alice', 'bob', 'first');
      await stage.send('carol', 'bob', 'second');
    },
    async run(stage) {
      await stage.peek('bob', { written: false });
      return undefined;
    },
  },
  {
    name: 'ack',
    present: ['bob'],
    async prepare(stage) {
      await stage.meet('bob');
      const read = [await stage.send('alice', 'bob', 'read'), await stage.send('carol', 'bob', 'read as well')];
      await stage.peek('bob');
      const unread = await stage.send('alice', 'bob', 'never read');
      stage.ledger.skipped.add(`bob ${unread}`);
      ids = [...read, unread];
      await stage.send('alice', 'bob', 'not acknowledged');
    },
    async run(stage) {
      await stage.ledger.ack(stage.session('bob'), ids);
      return undefined;
    },
  },
  {
    name: 'sweep',
    present: ['bob'],
    async prepare(stage) {
      const { world, ledger } = stage;
      await stage.send('alice', 'bob', 'expires read', { ttl: 10 });
      await stage.peek('bob');
      await stage.send('alice', 'bob', 'expires unread', { ttl: 10 });
      await stage.send('alice', 'bob', 'must be read', { ttl: 10, mustRead: true });
      const dead = world.process();
      const session = dead.relay.session('dave');
      await session.begin();
      await stage.send('carol', 'dave', 'claimed by the dead');
      ledger.wasShown('dave', await session.inbox.claim({ by: 'peek', limit: 20, offer: () => () => {} }));
      dead.kill();
      await stage.relay.store.put('.receipts/alice/1700000000000.acked.read.msg-old.bob', '');
      await stage.relay.store.put('.sent/alice/2020-01-01', '');
      world.clock.advance(20_000);
    },
    async run(stage) {
      await stage.relay.sweeper.sweep().catch(failureOf);
      return undefined;
    },
  },
  {
    name: 'start-up on a relay that is there',
    present: [],
    prepare: (stage) => stage.meet('alice'),
    run: (stage) => start(stage, 'announce'),
  },
  { name: 'first start-up, and first call', present: [], run: (stage) => start(stage, 'begin') },
];
