/**
 * Two who end one copy of a message at the same time: one of them stops before each of its operations on the store in turn,
 * the other does all of its work there, and then the first goes on, or never does, as after kill -9. Whatever they are, the
 * message has one end, and its sender is never told of another one.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { isDispatchError } from '../../src/model/errors.js';
import { forgetAgent } from '../../src/relay/forget.js';
import { coreName } from '../../src/relay/message-name.js';
import { parseReceipt } from '../../src/relay/receipt-name.js';
import type { Relay } from '../../src/relay/relay.js';
import type { Session } from '../../src/relay/session.js';
import { claimAll, foreignMessage, RelayWorld, START, send, type TestProcess } from '../helpers/relay-world.js';
import { atEveryStep, Interruption } from './scenarios-interruption.js';

const TTL_SECONDS = 60;

class Killed extends Error {}

/** A copy for bob of a message of alice's, and one process for each who may end it. */
class Scene {
  readonly interruption = new Interruption();
  readonly #world = new RelayWorld();
  readonly #interrupted = new RelayWorld({ store: this.interruption.wrap(this.#world.memory) });
  readonly told = new Set<string>();
  shown = false;
  id = 'msg-broken000001';

  process(isInterrupted: boolean): TestProcess {
    return (isInterrupted ? this.#interrupted : this.#world).process();
  }

  /** By the clock of one process the message has expired, by that of another it has not: they look at different moments. */
  setClock(hasExpired: boolean): void {
    const now = START + (hasExpired ? TTL_SECONDS * 1000 : 0) + 10_000;
    for (const { clock } of [this.#world, this.#interrupted]) {
      // Forward by time that passes: what only the wall clock says ends nothing yet.
      if (now > clock.now()) clock.advance(now - clock.now());
      else clock.set(now);
    }
  }

  async prepare(copy: Copy): Promise<void> {
    const alice = await this.#world.session('alice');
    if (copy === 'broken') {
      const message = { ...foreignMessage({ id: this.id, ttl: TTL_SECONDS }), priority: 'normal', thread_id: null };
      const core = coreName({ ...message, must_read: false } as never, START, 0, 3);
      await this.#world.put(`bob/${core}.json`, '{ no');
      await this.#world.memory.append('.sent/alice/2026-02-17', `${core} bob .`);
      return;
    }
    this.id = await send(alice, 'bob', 'hello', { ttl: TTL_SECONDS });
    if (copy === 'unread') return;
    const bob = await this.#world.session('bob');
    await (await claimAll(bob.inbox)).commit();
    await bob.end();
  }

  /** Notes the end that a sender is told of who asks now. Without a time nothing has ended: its time is past, and no more. */
  async ask(): Promise<void> {
    for (const { state, at } of await this.#world.process().relay.receipts.lookUp('alice', this.id))
      if (at !== undefined && state !== 'read') this.told.add(state);
  }

  /** All is over: what is left has expired, and is swept. Every end that there is any trace of. */
  async ends(): Promise<string[]> {
    await this.ask();
    this.setClock(true);
    for (let sweep = 0; sweep < 2; sweep++) await this.#world.process().relay.sweeper.sweep();
    await this.ask();
    const names = [...(await this.#world.memory.list('.receipts/alice'))].concat(
      await this.#world.memory.list('.receipts/alice/seen'),
    );
    const recorded = names.flatMap((name) => parseReceipt(name) ?? []).filter(({ state }) => state !== 'read');
    return [...new Set([...recorded.map(({ state }) => state), ...this.told])];
  }

  async copies(): Promise<string[]> {
    return (await this.#world.keys('bob')).filter((key) => key.includes(this.id));
  }

  async close(): Promise<void> {
    await this.#world.close();
    await this.#interrupted.close();
  }
}

const COPIES = ['unread', 'read', 'broken'] as const;
type Copy = (typeof COPIES)[number];

interface Actor {
  readonly name: string;
  readonly of: readonly Copy[];
  /** Whether the message has expired by its clock. */
  readonly late?: boolean;
  act(scene: Scene, relay: Relay, session: () => Session): Promise<unknown>;
}

const ACTORS: readonly Actor[] = [
  { name: 'an acknowledgement', of: COPIES, act: (scene, _, session) => session().kept.ack([scene.id]) },
  { name: 'a sweep', of: COPIES, late: true, act: (_scene, relay) => relay.sweeper.sweep() },
  {
    name: 'a withdrawal',
    of: ['unread', 'broken'],
    act: async (scene, { withdrawals }) =>
      withdrawals.withdraw('alice', await withdrawals.find('alice', scene.id), scene.id),
  },
  { name: 'forget --drop', of: COPIES, act: (_scene, relay) => forgetAgent(relay, 'bob', { drop: true }) },
  {
    name: 'a reader',
    of: ['unread', 'broken'],
    act: async (scene, _, session) => {
      const claim = await claimAll(session().inbox);
      if (claim.delivered.length > 0) scene.shown = true;
      await claim.commit();
    },
  },
];

const PAIRS = ACTORS.flatMap((first) =>
  ACTORS.flatMap((second) =>
    first.of
      .filter((copy) => second.of.includes(copy))
      .flatMap((copy) => [true, false].map((isKilled) => ({ first, second, copy, isKilled }))),
  ),
);

/** One that callers may see: there is nothing left to end, say. Anything else is a defect. */
function refusal(error: unknown): void {
  if (!isDispatchError(error)) throw error;
}

let scene: Scene;
afterEach(async () => scene.close());

describe('a message has one end', () => {
  it.each(
    PAIRS.map(
      (pair) => [pair.first.name, pair.isKilled ? 'killed' : 'stopped', pair.second.name, pair.copy, pair] as const,
    ),
  )('when %s is %s at any step, and %s ends the %s message meanwhile', async (_a, _b, _c, _d, pair) => {
    const { first, second, copy, isKilled } = pair;
    const steps = await atEveryStep(async (step) => {
      scene = new Scene();
      await scene.prepare(copy);
      const [one, other] = [scene.process(true), scene.process(false)];
      let isDead = false;
      const sessionOf = (process: TestProcess) => () => process.relay.session('bob');
      scene.setClock(first.late === true);
      scene.interruption.arm(step, async () => {
        scene.setClock(second.late === true);
        await scene.ask();
        await second.act(scene, other.relay, sessionOf(other)).catch(refusal);
        await scene.ask();
        scene.setClock(first.late === true);
        if (!isKilled) return;
        isDead = true;
        one.kill();
        scene.interruption.die(new Killed());
      });
      await first.act(scene, one.relay, sessionOf(one)).catch((error: unknown) => isDead || refusal(error));
      const happened = scene.interruption.disarm();
      const what = `step ${step}`;
      const ends = await scene.ends();
      expect(ends, what).toHaveLength(1);
      expect(await scene.copies(), what).toEqual([]);
      if (scene.shown) expect(ends, `${what}: it was shown`).not.toContain('superseded');
      return happened;
    });
    expect(steps).toBeGreaterThan(3);
  });
});
