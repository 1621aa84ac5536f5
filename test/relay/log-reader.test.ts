import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DispatchError } from '../../src/model/errors.js';
import { blocksBack, blocksFrom } from '../../src/relay/log-blocks.js';
import { type Cursor, LogReader } from '../../src/relay/log-reader.js';
import type { Store } from '../../src/store/store.js';
import { all, event, idsOf, WRITERS, write } from '../helpers/event-log.js';
import { DAY, RelayWorld, START, withFaults } from '../helpers/relay-world.js';

const [A, B, C] = WRITERS;
const LOG = `.log/2026-02-17/${A}`;

let world: RelayWorld;
let reader: LogReader;
beforeEach(() => {
  world = new RelayWorld();
  reader = new LogReader(world.memory, world.clock);
});
afterEach(() => world.close());

describe('reading on from a cursor', () => {
  it('gives each event once, and only what is new', async () => {
    const cursor: Cursor = new Map();
    await write(world, A, event(1), event(2));
    expect(await idsOf(reader.since(cursor))).toEqual(['msg-1', 'msg-2']);
    expect(await idsOf(reader.since(cursor))).toEqual([]);
    await write(world, A, event(3));
    await write(world, B, event(4));
    expect(await idsOf(reader.since(cursor))).toEqual(['msg-3', 'msg-4']);
  });

  it('merges several writers by time, and keeps the order of one whose clock steps back', async () => {
    await write(world, A, event(1), event(50), event(3), event(60));
    await write(world, B, event(2), event(55));
    expect(await idsOf(reader.since(new Map()))).toEqual(['msg-1', 'msg-2', 'msg-50', 'msg-3', 'msg-55', 'msg-60']);
  });

  it('goes over midnight, into the next day of the same writer', async () => {
    const cursor: Cursor = new Map();
    const late = event(0, { at: '2026-02-17T23:59:59.999Z', id: 'msg-late' });
    await write(world, A, late);
    expect(await idsOf(reader.since(cursor))).toEqual(['msg-late']);
    world.clock.set(Date.UTC(2026, 1, 18));
    await write(world, A, event(0, { at: '2026-02-18T00:00:00.000Z', id: 'msg-early' }));
    await write(world, B, { ...late, id: 'msg-noted-late' });
    expect(await idsOf(reader.since(cursor))).toEqual(['msg-noted-late', 'msg-early']);
  });

  it('finds after a long pause what was noted on the day it stopped at', async () => {
    const cursor: Cursor = new Map();
    await write(world, A, event(1));
    await all(reader.since(cursor));
    await write(world, A, event(2));
    world.clock.advance(3 * DAY);
    await write(world, B, event(0, { at: new Date(START + 3 * DAY).toISOString(), id: 'msg-monday' }));
    expect(await idsOf(reader.since(cursor))).toEqual(['msg-2', 'msg-monday']);
  });

  it('is not held up by a day in the future', async () => {
    const cursor: Cursor = new Map();
    await write(world, B, event(0, { at: '2038-01-19T00:00:00.000Z', id: 'msg-future' }));
    await write(world, A, event(1));
    await all(reader.since(cursor));
    await write(world, A, event(2));
    expect(await idsOf(reader.since(cursor))).toEqual(['msg-2']);
  });

  it('of a log that began anew, with the relay, starts at its beginning', async () => {
    const cursor: Cursor = new Map();
    await write(world, A, event(1), event(2));
    await all(reader.since(cursor));
    await world.memory.remove(LOG);
    await write(world, A, event(3));
    expect(await idsOf(reader.since(cursor))).toEqual(['msg-3']);
  });

  it('from the end of the log gives nothing that was there before', async () => {
    await write(world, A, event(1));
    const cursor = await reader.end();
    await write(world, A, event(2));
    expect(await idsOf(reader.since(cursor))).toEqual(['msg-2']);
  });
});

describe('a record that is torn', () => {
  const first = `\n${JSON.stringify(event(1))}`;
  const second = `\n${JSON.stringify(event(2, { id: 'msg-é' }))}`.replace('é', 'e').replace('"was"', '"wäs":1,"was"');
  const third = `\n${JSON.stringify(event(3))}`;
  const bytes = Buffer.from(second);
  const cuts = Array.from({ length: bytes.length }, (_, cut) => cut);
  const putBytes = (...parts: (string | Buffer)[]) =>
    world.memory.put(LOG, Buffer.concat(parts.map((part) => Buffer.from(part))));

  it('at any byte takes no other with it', async () => {
    for (const cut of cuts) {
      await putBytes(first, bytes.subarray(0, cut), third);
      const cursor = await reader.end();
      expect([cut, await idsOf(reader.since(new Map()))]).toEqual([cut, ['msg-1', 'msg-3']]);
      expect([cut, await idsOf(reader.newestFirst(cursor))]).toEqual([cut, ['msg-3', 'msg-1']]);
    }
  });

  it('at any byte of the end is taken when it is complete, and once', async () => {
    for (const cut of cuts) {
      const cursor: Cursor = new Map();
      await putBytes(first, bytes.subarray(0, cut));
      expect([cut, await idsOf(reader.since(cursor))]).toEqual([cut, ['msg-1']]);
      await putBytes(first, bytes);
      expect([cut, await idsOf(reader.since(cursor))]).toEqual([cut, ['msg-e']]);
      await putBytes(first, bytes, third);
      expect([cut, await idsOf(reader.since(cursor))]).toEqual([cut, ['msg-3']]);
    }
  });

  it('when the end was looked for is given when it is complete', async () => {
    for (const cut of cuts) {
      await putBytes(first, bytes.subarray(0, cut));
      const cursor = await reader.end();
      expect([cut, await idsOf(reader.newestFirst(cursor))]).toEqual([cut, ['msg-1']]);
      await putBytes(first, bytes, third);
      expect([cut, await idsOf(reader.since(cursor))]).toEqual([cut, ['msg-e', 'msg-3']]);
    }
  });
});

describe('a log in parts', () => {
  const records = Array.from({ length: 40 }, (_, index) => `\n${'x'.repeat((index * 7) % 31)}${index}`);
  const text = records.join('');

  it.each([1, 2, 3, 8, 33, 64, 1000])('of %s bytes has every record once, forward and back', async (partBytes) => {
    await world.memory.put(LOG, text);
    const forward: string[] = [];
    for await (const { bytes } of blocksFrom(world.memory, LOG, 0, partBytes)) forward.push(bytes.toString());
    const back: string[] = [];
    for await (const { bytes } of blocksBack(world.memory, LOG, text.length, partBytes)) back.push(bytes.toString());
    expect(forward.join('')).toBe(text);
    expect(back.reverse().join('')).toBe(text);
    for (const block of [...forward, ...back]) expect(block.startsWith('\n')).toBe(true);
  });
});

describe('what is no event', () => {
  it('is passed over: of a newer version, of another shape, planted', async () => {
    const junk: object[] = [
      event(1, { event: 'teleported' }),
      event(1, { event: '__proto__' }),
      event(1, { at: 'yesterday' }),
      event(1, { at: '2026-13-45T00:00:00.000Z' }),
      event(1, { id: '../x' }),
      event(1, { to: 'Bob\u001b[2J' }),
      event(1, { was: 7 }),
      event(1, { event: 'sent', to: 'bob', bytes: 1 }),
      event(1, { event: 'sent', to: ['bob'], bytes: -1 }),
      event(1, { event: 'session_ended', agent: 'bob', session: 'short' }),
      [event(1)],
    ];
    await write(world, A, event(1), ...junk, event(2, { invented_later: { deep: true } }));
    await world.memory.append(LOG, 'null');
    await world.memory.append(LOG, '17');
    await world.put(`.log/2026-02-17/${B}`, Buffer.from([0xff, 0xfe, 0, 10, 13, 0x7b]).toString('latin1'));
    await world.put(`.log/2026-02-17/notes.txt`, `\n${JSON.stringify(event(9))}`);
    await world.put(`.log/2026-02-30x/${A}`, `\n${JSON.stringify(event(9))}`);
    await world.put(`.log/2026-99-99/${A}`, `\n${JSON.stringify(event(9))}`);
    await world.put('.log/README', 'hello');
    expect(await idsOf(reader.since(new Map()))).toEqual(['msg-1', 'msg-2']);
  });

  it('does not hide the events behind it, however long it is', async () => {
    await write(world, A, event(1));
    await world.memory.append(LOG, 'x'.repeat(17 * 1024 * 1024));
    await write(world, A, event(2));
    expect(await idsOf(reader.since(new Map()))).toEqual(['msg-1', 'msg-2']);
    expect(await idsOf(reader.newestFirst(await reader.end()))).toEqual(['msg-2', 'msg-1']);
  });

  it('or cannot be read costs no other log, but a lack of file handles is an error', async () => {
    await write(world, A, event(1));
    await write(world, B, event(2));
    let errno = 'EACCES';
    const store: Store = withFaults(world.memory, {
      readLog: async (log, after, maxBytes) => {
        if (log === LOG) throw new DispatchError('STORE_UNAVAILABLE', 'no', { errno });
        return world.memory.readLog(log, after, maxBytes);
      },
    });
    const faulty = new LogReader(store, world.clock);
    expect(await idsOf(faulty.since(new Map()))).toEqual(['msg-2']);
    errno = 'EMFILE';
    await expect(idsOf(faulty.since(new Map()))).rejects.toThrow('no');
  });
});

describe('newest first', () => {
  it('is the reverse of what each writer noted, merged by time', async () => {
    await write(world, A, event(1), event(50), event(3));
    await write(world, B, event(2));
    await write(world, C, event(0, { at: '2026-02-18T00:00:00.000Z', id: 'msg-next-day' }));
    const ids = await idsOf(reader.newestFirst(await reader.end()));
    expect(ids).toEqual(['msg-next-day', 'msg-3', 'msg-50', 'msg-2', 'msg-1']);
  });

  it('reads no more of a large log than it is asked for', async () => {
    await world.memory.append(LOG, ...Array.from({ length: 20_000 }, (_, index) => JSON.stringify(event(index % 60))));
    let bytesRead = 0;
    const store = withFaults(world.memory, {
      readLog: async (...args) => {
        const part = await world.memory.readLog(...args);
        bytesRead += part?.bytes.length ?? 0;
        return part;
      },
    });
    const counting = new LogReader(store, world.clock);
    for await (const batch of counting.newestFirst(await counting.end())) {
      expect(batch.length).toBeGreaterThan(100);
      break;
    }
    expect(bytesRead).toBeLessThanOrEqual(128 * 1024);
  });

  it('leaves out what came after its end', async () => {
    await write(world, A, event(1));
    const end = await reader.end();
    await write(world, A, event(2));
    await write(world, B, event(3));
    expect(await idsOf(reader.newestFirst(end))).toEqual(['msg-1']);
  });
});

describe('a search by id', () => {
  it('matches the whole id only, in any field, and across the bounds of parts', async () => {
    const filler = Array.from({ length: 9000 }, (_, index) =>
      JSON.stringify(event(index % 60, { id: `msg-1${index}` })),
    );
    await world.memory.append(LOG, ...filler);
    await write(world, A, event(1, { id: 'msg-1' }), event(1, { id: 'xmsg-1' }), event(1, { id: 'msg-1x' }));
    await write(world, B, event(2, { event: 'withdrawn', id: 'msg-2', superseded_by: 'msg-1' }));
    expect(await idsOf(reader.mentioning('msg-1'))).toEqual(['msg-1', 'msg-2']);
    for (const index of [0, 1, 4711, 8999]) {
      expect(await idsOf(reader.mentioning(`msg-1${index}`))).toEqual([`msg-1${index}`]);
    }
  });

  it('finds a thread by the text that JSON makes of it', async () => {
    const thread_id = 'a "quoted" thread \\ é';
    await write(world, A, event(1, { event: 'sent', to: ['bob'], bytes: 1, thread_id }), event(2));
    expect(await idsOf(reader.mentioning(thread_id))).toEqual(['msg-1']);
  });
});
