/** What an agent may do to the others: each limit, at it and one beyond, over sessions, processes, days and steps of the clock. */
import { afterEach, describe, expect, it } from 'vitest';
import { DispatchError } from '../../../src/model/errors.js';
import type { LimitSettings } from '../../../src/relay/limits/settings.js';
import type { Draft } from '../../../src/relay/outbox.js';
import type { Session } from '../../../src/relay/session.js';
import type { Store } from '../../../src/store/store.js';
import { DAY, HOUR, MINUTE, RelayWorld, read, START, send, sent, withFaults } from '../../helpers/relay-world.js';

let world: RelayWorld;

afterEach(async () => world.close());

function limited(limits: LimitSettings, more: ConstructorParameters<typeof RelayWorld>[0] = {}): RelayWorld {
  world = new RelayWorld({ limits, ...more });
  return world;
}

/** How many of `count` sends are accepted, a millisecond apart. */
async function accepted(from: Session, target: string, count: number, draft: Partial<Draft> = {}): Promise<number> {
  let sends = 0;
  for (let n = 0; n < count; n++) {
    world.clock.advance(1);
    if ((await codeOf(from, target, draft)) === 'sent') sends++;
  }
  return sends;
}

async function codeOf(from: Session, target: string, draft: Partial<Draft> = {}): Promise<string> {
  return (await refusalOf(from, target, draft))?.code ?? 'sent';
}

async function refusalOf(from: Session, target: string, draft: Partial<Draft> = {}) {
  try {
    await send(from, target, 'text', draft);
    return undefined;
  } catch (error) {
    if (error instanceof DispatchError) return error;
    throw error;
  }
}

const human = async (target: string, threadId?: string) => {
  world.clock.advance(1);
  await world.process().relay.send('human', { target, content: 'a word', threadId });
};

const events = async (): Promise<Record<string, unknown>[]> => {
  const found: Record<string, unknown>[] = [];
  for (const key of await world.keys('.log')) {
    const read = await world.memory.read(key, 1e6);
    if (read?.ok !== true) continue;
    for (const line of new TextDecoder().decode(read.bytes).split('\n')) if (line !== '') found.push(JSON.parse(line));
  }
  return found;
};

it('without limits, and with each at 0, nothing is refused and nothing is recorded', async () => {
  for (const limits of [
    {},
    { inboxMessages: 0, inboxBytes: 0, sendsPerMinute: 0, threadMessagesPerHour: 0 },
  ] as const) {
    limited(limits);
    expect(await accepted(await world.session('alice'), 'bob', 300)).toBe(300);
    expect(await world.keys('.pace')).toEqual([]);
    await world.close();
  }
});

describe('inbox_messages', () => {
  it('admits mail up to the limit, and says what is full, with the value and the key', async () => {
    limited({ inboxMessages: 3 });
    const alice = await world.session('alice');
    expect(await accepted(alice, 'bob', 3)).toBe(3);
    const refusal = await refusalOf(alice, 'bob');
    expect(refusal).toMatchObject({
      code: 'INBOX_FULL',
      data: { limit: 'limits.inbox_messages', max: 3, to: ['bob'] },
    });
    expect(refusal?.message).toMatch(/^Not sent.*bob.*limits\.inbox_messages = 3.*acknowledged/);
    expect((await world.keys('bob')).length).toBe(3);
    expect(await codeOf(alice, 'carol')).toBe('sent');
  });

  it('counts read mail and what a session holds, and accepts again within a second of an ack', async () => {
    limited({ inboxMessages: 2 });
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    const ids = [await send(alice, 'bob', 'one'), await send(alice, 'bob', 'two')];
    const claim = await bob.inbox.claim({ by: 'peek', limit: 1, offer: () => () => {} });
    world.clock.advance(10_000);
    expect(await codeOf(alice, 'bob')).toBe('INBOX_FULL');
    await claim.commit();
    await read(bob);
    world.clock.advance(10_000);
    expect(await codeOf(alice, 'bob')).toBe('INBOX_FULL');
    await bob.kept.ack(ids);
    world.clock.advance(1000);
    expect([await codeOf(alice, 'bob'), await codeOf(alice, 'bob'), await codeOf(alice, 'bob')]).toEqual([
      'sent',
      'sent',
      'INBOX_FULL',
    ]);
  });

  it('counts what other processes put in, after at most 5 seconds', async () => {
    limited({ inboxMessages: 4 });
    const [alice, carol] = [await world.session('alice'), await world.session('carol')];
    expect([await accepted(alice, 'bob', 2), await accepted(carol, 'bob', 2)]).toEqual([2, 2]);
    // The count was taken at the first of the four.
    world.clock.advance(5000 - 3);
    expect(await codeOf(alice, 'bob')).toBe('INBOX_FULL');
  });

  it('does not count mail that has expired, swept or not', async () => {
    limited({ inboxMessages: 1 });
    const alice = await world.session('alice');
    await send(alice, 'bob', 'short', { ttl: 60 });
    expect(await codeOf(alice, 'bob')).toBe('INBOX_FULL');
    world.clock.advance(MINUTE);
    expect(await codeOf(alice, 'bob')).toBe('sent');
  });

  it('is kept by sends side by side in one process, to the message', async () => {
    limited({ inboxMessages: 3 });
    const alice = await world.session('alice');
    const codes = await Promise.all(Array.from({ length: 8 }, () => codeOf(alice, 'bob')));
    expect(codes.filter((code) => code === 'sent').length).toBe(3);
  });

  it('holds for urgent mail, and for the human', async () => {
    limited({ inboxMessages: 1 });
    const alice = await world.session('alice');
    await send(alice, 'bob', 'first');
    expect(await codeOf(alice, 'bob', { priority: 'urgent' })).toBe('INBOX_FULL');
    await expect(human('bob')).rejects.toMatchObject({ code: 'INBOX_FULL' });
  });

  it('gives back the place of a message that could not be published', async () => {
    let broken = false;
    const failing = (store: Store) =>
      withFaults(store, {
        createAll: async (entries, options) => {
          if (!broken) return store.createAll(entries, options);
          const error = new DispatchError('STORE_UNAVAILABLE', 'full', { errno: 'ENOSPC', outcome: 'none' });
          return entries.map(() => ({ state: 'failed', error, outcome: 'none' }) as const);
        },
      });
    limited({ inboxMessages: 1, sendsPerMinute: 1, threadMessagesPerHour: 1 }, { wrap: failing });
    const alice = await world.session('alice');
    broken = true;
    expect(await accepted(alice, 'bob', 3)).toBe(0);
    broken = false;
    expect(await codeOf(alice, 'bob')).toBe('sent');
  });

  it('lists the inbox once, however many messages are sent to it within 5 seconds', async () => {
    let listings = 0;
    const counting = (store: Store) =>
      withFaults(store, {
        list: async (prefix) => {
          if (prefix === 'bob') listings++;
          return store.list(prefix);
        },
      });
    limited({ inboxMessages: 1000 }, { wrap: counting });
    const alice = await world.session('alice');
    listings = 0;
    expect(await accepted(alice, 'bob', 100)).toBe(100);
    expect(listings).toBe(1);
  });
});

describe('inbox_bytes', () => {
  it('admits the message that fills the inbox to the byte, and no other', async () => {
    world = new RelayWorld();
    await send(await world.session('alice'), 'bob', 'text');
    const [name = ''] = await world.keys('bob');
    const bytes = Number(/\.(\d{7})\.alice\./.exec(name)?.[1]);
    await world.close();
    limited({ inboxBytes: 2 * bytes });
    const alice = await world.session('alice');
    expect(await accepted(alice, 'bob', 2)).toBe(2);
    expect(await refusalOf(alice, 'bob')).toMatchObject({
      code: 'INBOX_FULL',
      data: { limit: 'limits.inbox_bytes', max: 2 * bytes },
    });
  });

  it('says of a message that fits into no inbox that waiting does not help', async () => {
    limited({ inboxBytes: 100 });
    const refusal = await refusalOf(await world.session('alice'), 'bob');
    expect(refusal?.message).toContain('no inbox holds more than 100');
    expect(refusal?.message).not.toContain('Try again');
  });
});

describe('a broadcast', () => {
  it('reaches those whose inboxes have room, and names the others', async () => {
    limited({ inboxMessages: 1 }, { roster: ['alice', 'bob', 'carol', 'dave'] });
    const alice = await world.session('alice');
    await send(alice, 'carol', 'first');
    const { queuedTo, refused } = await sent(alice, 'all', 'to all');
    expect({ queuedTo, refused }).toEqual({
      queuedTo: ['bob', 'dave'],
      refused: [{ to: 'carol', code: 'INBOX_FULL', limit: 'limits.inbox_messages = 1' }],
    });
    expect(await refusalOf(alice, 'all')).toMatchObject({ code: 'INBOX_FULL', data: { to: ['bob', 'carol', 'dave'] } });
    expect((await events()).filter(({ event }) => event === 'refused')).toMatchObject([
      { from: 'alice', to: ['carol'], code: 'INBOX_FULL', limit: 'limits.inbox_messages' },
      { from: 'alice', to: ['bob', 'carol', 'dave'], code: 'INBOX_FULL' },
    ]);
  });

  it('counts once against its sender, and once as a message between agents', async () => {
    limited({ sendsPerMinute: 2, threadMessagesPerHour: 2 }, { roster: ['alice', 'bob', 'carol', 'dave'] });
    expect(await accepted(await world.session('alice'), 'all', 3)).toBe(2);
  });
});

describe('sends_per_minute', () => {
  it('admits as many as it says, and one more when the oldest is a minute ago, to the millisecond', async () => {
    limited({ sendsPerMinute: 3 });
    const alice = await world.session('alice');
    expect(await accepted(alice, 'bob', 3)).toBe(3);
    const refusal = await refusalOf(alice, 'carol', { priority: 'urgent' });
    expect(refusal).toMatchObject({
      code: 'RATE_LIMITED',
      data: { limit: 'limits.sends_per_minute', max: 3, retryAt: new Date(START + 1 + MINUTE).toISOString() },
    });
    expect(refusal?.message).toMatch(/alice.*limits\.sends_per_minute = 3.*2026-02-17T20:31:00\.001Z/);
    world.clock.advance(MINUTE - 3);
    expect(await codeOf(alice, 'bob')).toBe('RATE_LIMITED');
    world.clock.advance(1);
    expect([await codeOf(alice, 'bob'), await codeOf(alice, 'bob')]).toEqual(['sent', 'RATE_LIMITED']);
  });

  it('is shared by the sessions of an agent, by a new process, and by scripts in its name', async () => {
    limited({ sendsPerMinute: 4 });
    const [one, other] = [await world.session('alice'), await world.session('alice')];
    expect([await accepted(one, 'bob', 2), await accepted(other, 'bob', 1)]).toEqual([2, 1]);
    await world.process().relay.send('alice', { target: 'bob', content: 'from a script' });
    for (const session of [one, other, await world.session('alice')])
      expect(await codeOf(session, 'bob')).toBe('RATE_LIMITED');
    expect(await codeOf(await world.session('carol'), 'bob')).toBe('sent');
  });

  it('tells when enough of them are past, where sessions overshot it', async () => {
    limited({ sendsPerMinute: 1 });
    const note = (at: number) => `${at}-00000.no.0000000000000.--------.0000412.alice.msg-abc bob .`;
    await world.memory.append('.sent/alice/2026-02-17', note(START - 30_000), note(START - 10_000));
    expect(await refusalOf(await world.session('alice'), 'bob')).toMatchObject({
      data: { retryAt: new Date(START + 50_000).toISOString() },
    });
  });

  it('looks over midnight', async () => {
    limited({ sendsPerMinute: 2 });
    world.clock.set(Math.ceil(START / DAY) * DAY - 10);
    await accepted(await world.session('alice'), 'bob', 2);
    world.clock.advance(20);
    expect(await codeOf(await world.session('alice'), 'bob')).toBe('RATE_LIMITED');
  });

  it('does not hold the human, and does not count refused sends', async () => {
    limited({ sendsPerMinute: 2 });
    for (let n = 0; n < 5; n++) await human('bob');
    const alice = await world.session('alice');
    expect(await accepted(alice, 'bob', 50)).toBe(2);
    world.clock.advance(MINUTE);
    expect(await accepted(alice, 'bob', 50)).toBe(2);
  });

  it.each([
    ['back an hour', -HOUR],
    ['back 30 days', -30 * DAY],
    ['forward an hour', HOUR],
  ])('locks nobody out for more than a minute when the clock is set %s', async (_, step) => {
    limited({ sendsPerMinute: 2 });
    const [one, other] = [await world.session('alice'), await world.session('alice')];
    await accepted(one, 'bob', 2);
    world.clock.set(world.clock.now() + step);
    await codeOf(other, 'bob');
    world.clock.advance(MINUTE);
    for (const session of [one, other, await world.session('alice')]) {
      expect(await codeOf(session, 'bob')).toBe('sent');
      world.clock.advance(MINUTE);
    }
  });

  it('still holds a session after the clock was set back', async () => {
    limited({ sendsPerMinute: 2 });
    const alice = await world.session('alice');
    await accepted(alice, 'bob', 1);
    world.clock.set(START - HOUR);
    expect(await accepted(alice, 'bob', 3)).toBe(1);
  });

  it('counts a message once, though a try that reached others after it was noted too', async () => {
    limited({ sendsPerMinute: 2 });
    const note = (to: string) => `${START - 1000}-00000.no.0000000000000.--------.0000412.alice.msg-abc ${to} .`;
    await world.memory.append('.sent/alice/2026-02-17', note('bob'), note('carol'));
    expect(await accepted(await world.session('alice'), 'bob', 3)).toBe(1);
  });

  it('finds the last minute at the end of a log that is very long', async () => {
    limited({ sendsPerMinute: 2 });
    const note = (at: number, id = 'msg-abc') => `${at}-00000.no.0000000000000.--------.0000412.alice.${id} bob .`;
    const day = '.sent/alice/2026-02-17';
    await world.memory.append(day, ...Array.from({ length: 20_000 }, () => note(START - HOUR)));
    await world.memory.append(day, note(START - 1000), note(START - 1000, 'msg-abd'));
    expect(await codeOf(await world.session('alice'), 'bob')).toBe('RATE_LIMITED');
  });

  it('passes over a torn note, and counts the one behind it', async () => {
    limited({ sendsPerMinute: 1 });
    const note = `${START}-00000.no.0000000000000.--------.0000412.alice.msg-abc`;
    await world.memory.append('.sent/alice/2026-02-17', `${note} bo`);
    const alice = await world.session('alice');
    expect(await codeOf(alice, 'bob')).toBe('sent');
    world.clock.advance(MINUTE);
    await world.memory.append('.sent/alice/2026-02-17', `${world.clock.now()}${note.slice(13)} bob .`);
    expect(await codeOf(alice, 'bob')).toBe('RATE_LIMITED');
  });
});

describe('a limit that cannot be counted', () => {
  it('holds back no mail; what is known in the process still counts, and the operator is told once', async () => {
    const error = new DispatchError('STORE_UNAVAILABLE', 'Cannot read: input/output error.', { errno: 'EIO' });
    const unreadable = (store: Store) =>
      withFaults(store, {
        readLog: async () => {
          throw error;
        },
        list: async (prefix) => {
          if (prefix === 'bob') throw error;
          return store.list(prefix);
        },
      });
    limited({ inboxMessages: 1, sendsPerMinute: 3, threadMessagesPerHour: 100 }, { wrap: unreadable });
    expect(await accepted(await world.session('alice'), 'bob', 5)).toBe(3);
    expect(world.warnings.map((text) => /limits\.\w+/.exec(text)?.[0]).sort()).toEqual([
      'limits.inbox_messages',
      'limits.sends_per_minute',
      'limits.thread_messages_per_hour',
    ]);
  });
});
