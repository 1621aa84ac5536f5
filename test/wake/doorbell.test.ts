/** When a doorbell rings, and when it does not. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Candidate } from '../../src/relay/mail.js';
import type { Judgement } from '../../src/relay/worth.js';
import { Doorbell } from '../../src/wake/doorbell.js';
import { HOUR, MINUTE, TestClock } from '../helpers/relay-world.js';
import { candidate } from './candidates.js';

const NONE: ReadonlySet<string> = new Set();

let clock: TestClock;
let inbox: Candidate[];
/** Seconds since the start, and the ids that waited. */
let rings: [number, ...string[]][];
let failures: unknown[];
let newest: boolean;
let onAsk: () => void;
let judgement: Judgement;
let onLook: () => void | Promise<void>;
let onRing: () => Promise<void>;
let doorbell: Doorbell;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  clock = new TestClock();
  inbox = [];
  rings = [];
  failures = [];
  newest = true;
  onAsk = () => {};
  judgement = { passedOver: NONE, unfinished: false };
  onLook = () => {};
  onRing = async () => {};
  doorbell = new Doorbell({
    agent: 'bob',
    clock,
    look: async () => {
      await onLook();
      return inbox;
    },
    judge: async () => judgement,
    isNewest: async () => {
      onAsk();
      return newest;
    },
    ring: async (waiting) => {
      rings.push([clock.steady() / 1000, ...waiting.map(({ name }) => name.id)]);
      await onRing();
    },
    failed: (error) => failures.push(error),
  });
});

afterEach(() => {
  doorbell.close();
  const left = vi.getTimerCount();
  // Before anything can fail: the files behind this one share the process.
  vi.useRealTimers();
  expect(left).toBe(0);
});

/** Time passes, in steps small enough for a timer to find its own time. */
const pass = async (ms: number) => {
  for (let left = ms; left > 0; left -= 100) {
    clock.advance(Math.min(100, left));
    await vi.advanceTimersByTimeAsync(Math.min(100, left));
  }
};

const arrive = (...mail: Candidate[]) => {
  inbox = [...inbox, ...mail];
  doorbell.see(inbox);
};

const readAll = () => {
  inbox = [];
};

describe('a doorbell', () => {
  it('rings half a second after the first message, once for all that came by then', async () => {
    arrive(candidate('m1'));
    for (let number = 2; number <= 20; number++) {
      await pass(20);
      arrive(candidate(`m${number}`));
    }
    expect(rings).toEqual([]);
    await pass(120);
    expect(rings).toEqual([[0.5, ...Array.from({ length: 20 }, (_, index) => `m${index + 1}`)]]);
  });

  it('asks again after 1 minute, then after 2, 4, 8 and 15, and then every 15 while it stays unread', async () => {
    arrive(candidate('m1'));
    await pass(HOUR);
    expect(rings.map(([seconds]) => seconds)).toEqual([0.5, 60.5, 180.5, 420.5, 900.5, 1800.5, 2700.5]);
  });

  it('is not rung for what comes within that pause, but at its end for all of it', async () => {
    arrive(candidate('m1'));
    await pass(10_000);
    arrive(candidate('m2'));
    await pass(MINUTE);
    expect(rings).toEqual([
      [0.5, 'm1'],
      [60.5, 'm1', 'm2'],
    ]);
  });

  it('is silent when the mail was read before the ring', async () => {
    arrive(candidate('m1'));
    await pass(400);
    readAll();
    await pass(HOUR);
    expect(rings).toEqual([]);
  });

  it('rings at once for the next message after all was read, wherever that was', async () => {
    arrive(candidate('m1'));
    await pass(1000);
    readAll();
    doorbell.see(inbox);
    arrive(candidate('m2'));
    await pass(1000);
    // Here nobody looked in between.
    readAll();
    arrive(candidate('m3'));
    await pass(1000);
    expect(rings).toEqual([
      [0.5, 'm1'],
      [1.5, 'm2'],
      [2.5, 'm3'],
    ]);
  });

  it("never rings for one's own mail, nor names it", async () => {
    arrive(candidate('mine', { from: 'bob' }));
    await pass(HOUR);
    expect(rings).toEqual([]);
    arrive(candidate('theirs'));
    await pass(500);
    expect(rings).toEqual([[3600.5, 'theirs']]);
  });

  it('is not rung by what is passed over, and what is worth it names all that waits', async () => {
    const broadcast = candidate('broadcast');
    judgement = { passedOver: new Set([broadcast.name.core]), unfinished: false };
    arrive(broadcast);
    await pass(HOUR);
    expect(rings).toEqual([]);
    arrive(candidate('direct'));
    await pass(500);
    expect(rings).toEqual([[3600.5, 'broadcast', 'direct']]);
  });

  it('goes on judging after a second when there was too much of it', async () => {
    judgement = { passedOver: NONE, unfinished: true };
    arrive(candidate('m1'));
    await pass(1400);
    judgement = { passedOver: NONE, unfinished: false };
    await pass(200);
    expect(rings).toEqual([[1.5, 'm1']]);
  });

  it('is over when closed, also in the middle of a look', async () => {
    arrive(candidate('m1'));
    onLook = () => doorbell.close();
    await pass(HOUR);
    expect(rings).toEqual([]);
    doorbell.see([candidate('m2')]);
    await pass(HOUR);
    expect(rings).toEqual([]);
  });
});

describe('a tool call', () => {
  it('lets nothing ring while it runs, and what its reply did not carry rings when it is over', async () => {
    doorbell.callBegan();
    arrive(candidate('m1'));
    await pass(HOUR);
    expect(rings).toEqual([]);
    doorbell.callEnded(NONE);
    await pass(500);
    expect(rings).toEqual([[3600.5, 'm1']]);
  });

  it('that began when the ring was due silences it, and of two at a time the last one counts', async () => {
    arrive(candidate('m1'));
    await pass(400);
    doorbell.callBegan();
    doorbell.callBegan();
    await pass(1000);
    doorbell.callEnded(NONE);
    await pass(1000);
    expect(rings).toEqual([]);
    readAll();
    doorbell.callEnded(NONE);
    await pass(HOUR);
    expect(rings).toEqual([]);
  });

  it('that began and ended while a ring was prepared silences that ring', async () => {
    arrive(candidate('m1'));
    let looked = 0;
    onLook = () => {
      if (looked++ > 0) return;
      doorbell.callBegan();
      doorbell.callEnded(new Set(inbox.map(({ name }) => name.core)));
    };
    await pass(10_000);
    expect(rings).toEqual([]);
    await pass(MINUTE);
    expect(rings).toEqual([[60.5, 'm1']]);
  });

  it('that begins at the last moment before a ring silences that ring', async () => {
    arrive(candidate('m1'));
    onAsk = () => doorbell.callBegan();
    await pass(10_000);
    expect(rings).toEqual([]);
    onAsk = () => {};
    doorbell.callEnded([]);
    await pass(500);
    expect(rings).toEqual([[10.5, 'm1']]);
  });

  it('whose reply left mail over has announced it: that rings after a minute', async () => {
    const [first, second] = [candidate('m1'), candidate('m2')];
    doorbell.callBegan();
    arrive(first, second);
    inbox = [second];
    doorbell.callEnded(new Set([second.name.core]));
    await pass(MINUTE - 1000);
    expect(rings).toEqual([]);
    await pass(1000);
    expect(rings).toEqual([[60, 'm2']]);
  });

  it('begins all of it afresh: mail that came after it rings at once, and the pauses are short again', async () => {
    arrive(candidate('m1'));
    await pass(10 * MINUTE);
    expect(rings.map(([seconds]) => seconds)).toEqual([0.5, 60.5, 180.5, 420.5]);
    doorbell.callBegan();
    doorbell.callEnded(new Set(inbox.map(({ name }) => name.core)));
    arrive(candidate('m2'));
    await pass(4 * MINUTE);
    expect(rings.slice(4)).toEqual([
      [600.5, 'm1', 'm2'],
      [660.5, 'm1', 'm2'],
      [780.5, 'm1', 'm2'],
    ]);
  });

  it('is not waited for by a ring that takes long, which rings once', async () => {
    let finish = () => {};
    onRing = () => new Promise((resolve) => (finish = resolve));
    arrive(candidate('m1'));
    await pass(500);
    doorbell.callBegan();
    readAll();
    doorbell.callEnded(NONE);
    arrive(candidate('m2'));
    await pass(5000);
    expect(rings).toEqual([[0.5, 'm1']]);
    onRing = async () => {};
    finish();
    await pass(500);
    expect(rings[1]?.slice(1)).toEqual(['m2']);
  });
});

describe('a session that is not the newest of its agent', () => {
  it('does not ring, and does once it is the newest', async () => {
    newest = false;
    arrive(candidate('m1'));
    await pass(10 * MINUTE);
    expect(rings).toEqual([]);
    newest = true;
    await pass(MINUTE);
    expect(rings).toHaveLength(1);
    newest = false;
    doorbell.callBegan();
    doorbell.callEnded([]);
    readAll();
    arrive(candidate('m2'));
    await pass(1000);
    expect(rings).toHaveLength(1);
    // What comes when the newer one has just ended is not held back.
    newest = true;
    arrive(candidate('m3'));
    await pass(500);
    expect(rings[1]?.slice(1)).toEqual(['m2', 'm3']);
  });
});

describe('time', () => {
  it('that somebody sets changes nothing', async () => {
    arrive(candidate('m1'));
    await pass(1000);
    clock.set(clock.now() + 30 * HOUR);
    await pass(1000);
    clock.set(clock.now() - 90 * HOUR);
    await pass(58_000);
    expect(rings.map(([seconds]) => seconds)).toEqual([0.5]);
    await pass(1000);
    expect(rings.map(([seconds]) => seconds)).toEqual([0.5, 60.5]);
  });

  it('that a machine slept through, with or without its steady clock, is one ring and no burst', async () => {
    arrive(candidate('m1'));
    await pass(1000);
    clock.advance(9 * HOUR);
    await pass(1000);
    doorbell.see(inbox);
    await pass(30_000);
    expect(rings).toHaveLength(2);
    // The timers stood still as well: what is left of the pause passes after it.
    clock.set(clock.now() + 9 * HOUR);
    await pass(30_000);
    expect(rings).toHaveLength(2);
    await pass(2 * MINUTE);
    expect(rings).toHaveLength(3);
  });
});

describe('a relay that cannot be looked at', () => {
  it('is told of, and asked again after a minute, not at once', async () => {
    const broken = new Error('broken');
    onLook = () => {
      throw broken;
    };
    arrive(candidate('m1'));
    await pass(59_000);
    expect(failures).toEqual([broken]);
    onLook = () => {};
    await pass(2000);
    expect(rings).toEqual([[60.5, 'm1']]);
  });
});
