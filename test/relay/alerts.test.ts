import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Relay } from '../../src/relay/relay.js';
import type { Session } from '../../src/relay/session.js';
import { claimAll, contents, foreignMessage, RelayWorld, read, send, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;
let relay: Relay;
let alice: Session;
let lines: string[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  world = new RelayWorld();
  relay = world.process().relay;
  alice = await world.session('alice');
  lines = [];
});

afterEach(async () => {
  await world.close();
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left).toBe(0);
});

const pass = async (ms: number) => {
  world.clock.advance(ms);
  await vi.advanceTimersByTimeAsync(ms);
};

describe('an alert', () => {
  it('is one line a message, prompt after the bell, each said once', async () => {
    await world.alerts('bob', relay, lines).start();
    await send(alice, 'bob', 'first');
    await pass(100);
    expect(lines).toEqual(['[dispatch >>>] Message from alice: first']);
    await send(alice, 'bob', 'second');
    await pass(60_000);
    expect(lines).toEqual(['[dispatch >>>] Message from alice: first', '[dispatch >>>] Message from alice: second']);
  });

  it('shouts when the message is urgent, and that one comes first', async () => {
    await world.alerts('bob', relay, lines).start();
    await send(alice, 'bob', 'calm');
    await send(alice, 'bob', 'fire', { priority: 'urgent' });
    await pass(100);
    expect(lines).toEqual(['[dispatch !!!] Message from alice: fire', '[dispatch >>>] Message from alice: calm']);
  });

  it('is one line of at most 80 characters of text that cannot act on a terminal', async () => {
    await world.alerts('bob', relay, lines).start();
    await send(alice, 'bob', `\x1b[2J\x1b]0;x\x07a\r\nb\u202e${'y'.repeat(10_000)}`);
    await pass(100);
    expect(lines).toHaveLength(1);
    const text = lines[0]?.slice('[dispatch >>>] Message from alice: '.length) ?? '';
    expect([...text]).toHaveLength(80);
    expect(text).not.toMatch(/[\p{Cc}\u202e]/u);
  });

  it('tells of what waits already in one line, and then only of what is new', async () => {
    for (let number = 0; number < 30; number++) await send(alice, 'bob', String(number));
    await world.alerts('bob', relay, lines).start();
    await pass(60_000);
    expect(lines).toEqual(['[dispatch >>>] 30 messages waiting for bob']);
    await send(alice, 'bob', 'new');
    await pass(100);
    expect(lines).toHaveLength(2);
  });

  it('of a flood is ten lines and a number', async () => {
    await world.alerts('bob', relay, lines).start();
    for (let number = 0; number < 200; number++) await send(alice, 'bob', String(number));
    await pass(100);
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toBe('[dispatch >>>] and 190 messages more');
  });

  it('marks nothing: the mail is new to the next reply, and no receipt is written', async () => {
    const bob = await world.session('bob');
    await send(alice, 'bob', 'one');
    const before = await world.keys('bob');
    await world.alerts('bob', relay, lines).start();
    await send(alice, 'bob', 'two');
    await pass(100);
    expect(await world.keys('bob')).toEqual([...before, expect.any(String)]);
    expect(await world.keys('.receipts')).toEqual([]);
    expect((await claimAll(bob.inbox)).delivered.map(({ redelivered }) => redelivered)).toEqual([false, false]);
  });

  it('is not raised for what the agent has read itself in the meantime', async () => {
    const bob = await world.session('bob');
    await world.alerts('bob', relay, lines).start();
    await send(alice, 'bob', 'one');
    await read(bob);
    await pass(60_000);
    expect(lines).toEqual([]);
  });

  it('finds, by polling, the mail of programs that ring no bell, without taking that for a broken watch', async () => {
    await world.alerts('bob', relay, lines).start();
    await world.put('bob/1771360200000-alice.json', foreignMessage({ content: 'quiet' }));
    await pass(15_000);
    expect(lines).toEqual(['[dispatch >>>] Message from alice: quiet']);
  });

  it('is over when closed', async () => {
    const alerts = world.alerts('bob', relay, lines);
    await alerts.start();
    await alerts.close();
    await send(alice, 'bob', 'late');
    await pass(60_000);
    expect(lines).toEqual([]);
  });
});

describe('without hints', () => {
  const warning = /^\[dispatch\] Cannot watch for mail \(.*\); looking every 2 s instead\.$/;

  it('mail is found every two seconds, and the reason is said once, however often it fails', async () => {
    let watches = 0;
    const store = withFaults(world.memory, {
      watch: async () => {
        watches++;
        return { active: false, reason: 'no watches left\n\x1b[2J', close: async () => {} };
      },
    });
    await world.alerts('bob', relay, lines, store).start();
    await send(alice, 'bob', 'one');
    await pass(2000);
    await send(alice, 'bob', 'two');
    await pass(2000);
    await pass(60_000);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(warning);
    expect(lines[0]).not.toMatch(/\p{Cc}/u);
    expect(lines.slice(1)).toEqual([expect.stringMatching(/one$/), expect.stringMatching(/two$/)]);
    expect(watches).toBeGreaterThan(2);
  });

  it('because watching fails altogether, the same', async () => {
    const store = withFaults(world.memory, {
      watch: async () => {
        throw new Error('EMFILE');
      },
    });
    await world.alerts('bob', relay, lines, store).start();
    await send(alice, 'bob', 'one');
    await pass(2000);
    expect(lines).toEqual([expect.stringMatching(warning), expect.stringMatching(/one$/)]);
  });

  it('of a watch that says nothing, the silence is noticed with the first message, warned of once, and polled over', async () => {
    const store = withFaults(world.memory, { watch: async () => ({ active: true, close: async () => {} }) });
    await world.alerts('bob', relay, lines, store).start();
    await pass(100);
    await send(alice, 'bob', 'one');
    // All at once would be as if the process had been stopped, and then the hints may be on their way.
    for (let passed = 0; passed < 15_000; passed += 1000) await pass(1000);
    expect(lines).toEqual([expect.stringMatching(warning), expect.stringMatching(/one$/)]);
    await send(alice, 'bob', 'two');
    await pass(2000);
    expect(lines).toHaveLength(3);
  });

  it('a look that fails is followed by another', async () => {
    const faults: Parameters<typeof withFaults>[1] = {};
    const store = withFaults(world.memory, faults);
    const failing = world.process().relay;
    const scan = vi.spyOn(failing.mail, 'scan');
    await world.alerts('bob', failing, lines, store).start();
    scan.mockRejectedValueOnce(new Error('EIO'));
    await send(alice, 'bob', 'one');
    await pass(20_000);
    expect(lines.at(-1)).toMatch(/one$/);
    expect(contents(await claimAll((await world.session('bob')).inbox))).toEqual(['one']);
  });
});
