/** Which mail goes first when not all of it has room: one sender cannot starve the others. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { byUrgencyThenTime, type Candidate } from '../../src/relay/mail.js';
import { parseName } from '../../src/relay/message-name.js';
import { Turns } from '../../src/relay/turns.js';
import { RelayClient, type ToolJson } from '../helpers/relay-client.js';
import { RelayWorld, read, send } from '../helpers/relay-world.js';

let world: RelayWorld;

beforeEach(() => {
  world = new RelayWorld();
});

afterEach(async () => world.close());

async function sessions<const Names extends readonly string[]>(...names: Names) {
  return Promise.all(names.map((name) => world.session(name)));
}

/** Each message a millisecond after the one before, so that their order by age is that of sending. */
async function post(...args: Parameters<typeof send>): Promise<string> {
  world.clock.advance(1);
  return send(...args);
}

describe('a reply that cannot hold all of the mail', () => {
  it('gives each sender its turn, and shows what it holds by age', async () => {
    const [alice, bob, carol] = await sessions('alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('no sessions');
    for (let n = 1; n <= 5; n++) await post(alice, 'carol', `a${n}`);
    await post(bob, 'carol', 'b1');
    expect(await read(carol, { limit: 3 })).toEqual(['a1', 'a2', 'b1']);
    expect(await read(carol, { limit: 3 })).toEqual(['a3', 'a4', 'a5']);
  });

  it('does not let a flood of urgent mail starve normal mail of another', async () => {
    const [alice, bob, carol] = await sessions('alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('no sessions');
    await post(bob, 'carol', 'b1');
    for (let n = 1; n <= 3; n++) await post(alice, 'carol', `a${n}`, { priority: 'urgent' });
    expect(await read(carol, { limit: 1 })).toEqual(['a1']);
    await post(alice, 'carol', 'a4', { priority: 'urgent' });
    expect(await read(carol, { limit: 1 })).toEqual(['b1']);
    expect(await read(carol, { limit: 1 })).toEqual(['a2']);
  });

  it('does not let two urgent floods, turn by turn, starve a third sender', async () => {
    const [alice, bob, carol, dave] = await sessions('alice', 'bob', 'carol', 'dave');
    if (!alice || !bob || !carol || !dave) throw new Error('no sessions');
    await post(dave, 'carol', 'normal');
    const shown: string[] = [];
    for (let n = 0; n < 3; n++) {
      await post(alice, 'carol', 'urgent a', { priority: 'urgent' });
      await post(bob, 'carol', 'urgent b', { priority: 'urgent' });
      shown.push(...(await read(carol, { limit: 1 })));
    }
    expect(shown).toEqual(['urgent a', 'urgent b', 'normal']);
  });

  it('does not count one that was asked for by its id as a turn', async () => {
    const [alice, bob, carol] = await sessions('alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('no sessions');
    await post(alice, 'carol', 'a1');
    const picked = await post(alice, 'carol', 'a2');
    await post(bob, 'carol', 'b1');
    await read(carol, { messageId: picked, limit: 1 });
    expect(await read(carol, { limit: 1 })).toEqual(['a1']);
  });

  it('keeps the turns of other threads while one is read', async () => {
    const [alice, bob, carol] = await sessions('alice', 'bob', 'carol');
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('no sessions');
    for (const text of ['a1', 'a2']) await post(alice, 'carol', text);
    await post(bob, 'carol', 'b1');
    await post(bob, 'carol', 't1', { threadId: 't' });
    expect(await read(carol, { limit: 1 })).toEqual(['a1']);
    expect(await read(carol, { limit: 1, threadId: 't' })).toEqual(['t1']);
    // bob was served in the thread, so alice, who was served before that, is not behind it.
    expect(await read(carol, { limit: 1 })).toEqual(['a2']);
  });
});

it('messages that fill a reply each do not keep the mail of another out for more than one', async () => {
  const [alice, bob] = await sessions('alice', 'bob');
  if (alice === undefined || bob === undefined) throw new Error('no sessions');
  const carol = new RelayClient(world, 'carol', { maxReplyBytes: 4096 });
  await carol.connect();
  try {
    for (let n = 0; n < 3; n++) await post(alice, 'carol', 'x'.repeat(6000), { priority: 'urgent' });
    const small = await post(bob, 'carol', 'small');
    const replies: string[][] = [];
    for (let n = 0; n < 2; n++) {
      const { json } = await carol.call('peek');
      replies.push(json.messages.map(({ id }: ToolJson) => id));
    }
    expect(replies[0]).not.toContain(small);
    expect(replies[1]).toContain(small);
  } finally {
    await carol.close();
  }
});

it('a reply shows urgent mail first and then by age, whatever turns chose it', async () => {
  const [alice, bob] = await sessions('alice', 'bob');
  if (alice === undefined || bob === undefined) throw new Error('no sessions');
  const carol = new RelayClient(world, 'carol');
  await carol.connect();
  try {
    const ids: string[] = [];
    for (const [from, priority] of [
      [alice, 'normal'],
      [alice, 'normal'],
      [bob, 'normal'],
      [bob, 'urgent'],
      [alice, 'urgent'],
    ] as const)
      ids.push(await post(from, 'carol', 'text', { priority }));
    const { json } = await carol.call('peek');
    expect(json.messages.map(({ id }: ToolJson) => ids.indexOf(id))).toEqual([3, 4, 0, 1, 2]);
  } finally {
    await carol.close();
  }
});

describe('any mail', () => {
  const mail = fc.array(fc.record({ from: fc.constantFrom('a', 'b', 'c', 'd'), urgent: fc.boolean() }), {
    maxLength: 300,
    size: 'max',
  });
  const candidatesOf = (sent: readonly { from: string; urgent: boolean }[]) =>
    sent.map(({ from, urgent }, n): Candidate => {
      const fileName = `${1_771_360_200_000 + n}-00000.${urgent ? 'u' : 'n'}o.0000000000000.--------.0000412.${from}.msg-${n}.json`;
      const name = parseName(fileName);
      if (name === undefined) throw new Error(fileName);
      return { fileName, name };
    });

  it('is given whole and once, and that of each sender in its own order', () => {
    fc.assert(
      fc.property(mail, (sent) => {
        const candidates = candidatesOf(sent);
        const given = [...new Turns().of(candidates)];
        expect(new Set(given).size).toBe(candidates.length);
        expect(given.length).toBe(candidates.length);
        for (const sender of ['a', 'b', 'c', 'd']) {
          const own = (all: readonly Candidate[]) => all.filter(({ name }) => name.from === sender);
          expect(own(given)).toEqual(own(candidates).sort(byUrgencyThenTime));
        }
      }),
    );
  });

  it('that waits is served before any sender is served a third time', () => {
    fc.assert(
      fc.property(mail, fc.integer({ min: 1, max: 3 }), (sent, limit) => {
        const turns = new Turns();
        let left = candidatesOf(sent);
        const since = new Map<string, Map<string, number>>();
        while (left.length > 0) {
          const chosen = [...turns.of(left)].slice(0, limit);
          const served = new Set(chosen.map(({ name }) => name.from));
          for (const waiting of new Set(left.map(({ name }) => name.from))) {
            const others = since.get(waiting) ?? new Map<string, number>();
            since.set(waiting, served.has(waiting) ? new Map() : others);
            if (served.has(waiting)) continue;
            for (const other of served) {
              others.set(other, (others.get(other) ?? 0) + 1);
              expect(others.get(other)).toBeLessThan(3);
            }
          }
          turns.note(served, true);
          left = left.filter((candidate) => !chosen.includes(candidate));
        }
      }),
    );
  });
});
