/** What is sent to a topic: who gets it, who does not, and what becomes of it for its sender. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Desk } from '../cli/desk.js';
import { logOf } from '../helpers/event-log.js';
import { claimAll, MINUTE, RelayWorld, read, send, sent, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;

beforeEach(() => {
  world = new RelayWorld();
});
afterEach(async () => world.close());

/** Members that no session serves. */
async function join(topic: string, ...agents: string[]): Promise<void> {
  for (const agent of agents) await world.process().relay.topics.join(agent, topic);
}

describe('a message to a topic', () => {
  it('goes to its members, online or not, and not to its sender or to others', async () => {
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    await world.session('dave');
    await join('build', 'alice', 'bob', 'carol');
    const { message, queuedTo, refused } = await sent(alice, ' #Build ', 'green');
    expect([message.to, queuedTo, refused]).toEqual(['#build', ['bob', 'carol'], []]);
    expect(await read(bob)).toEqual(['green']);
    expect(await read(await world.session('carol'))).toEqual(['green']);
    expect([await world.keys('dave'), await world.keys('alice'), world.warnings]).toEqual([[], [], []]);
  });

  it('goes to its sender too with include_self, if that is a member', async () => {
    const alice = await world.session('alice');
    await join('build', 'bob');
    expect((await sent(alice, '#build', 'x', { includeSelf: true })).queuedTo).toEqual(['bob']);
    await join('build', 'alice');
    expect((await sent(alice, '#build', 'x', { includeSelf: true })).queuedTo).toEqual(['alice', 'bob']);
    expect((await sent(alice, '#build', 'x', { includeSelf: false })).queuedTo).toEqual(['bob']);
    expect(await read(alice)).toEqual(['x']);
  });

  it('is for those who are members at that moment: who joins later does not get it, who leaves later has it', async () => {
    const alice = await world.session('alice');
    await join('build', 'bob');
    await send(alice, '#build', 'early');
    await join('build', 'carol');
    await world.process().relay.topics.leave('bob', 'build');
    await send(alice, '#build', 'late');
    expect(await read(await world.session('bob'))).toEqual(['early']);
    expect(await read(await world.session('carol'))).toEqual(['late']);
  });

  it('is not for an agent that has the name of the topic', async () => {
    const [alice, build] = [await world.session('alice'), await world.session('build')];
    await join('build', 'bob');
    await send(alice, '#build', 'to the topic');
    await send(alice, 'build', 'to the agent');
    expect(await read(build)).toEqual(['to the agent']);
    expect(await read(await world.session('bob'))).toEqual(['to the topic']);
  });

  it('can come from the person at the machine, and cannot reach that inbox', async () => {
    await join('build', 'bob');
    await world.put('.topics/build/human', { joined_at: '2026-02-17T20:30:00.000Z' });
    const { relay } = world.process();
    expect((await relay.send('human', { target: '#build', content: 'x' })).queuedTo).toEqual(['bob']);
  });

  it('leaves out a member that is on the roster no more', async () => {
    await world.close();
    world = new RelayWorld({ roster: ['alice', 'bob'] });
    const alice = await world.session('alice');
    for (const agent of ['bob', 'carol'])
      await world.put(`.topics/build/${agent}`, { joined_at: '2026-02-17T20:30:00.000Z' });
    expect((await sent(alice, '#build', 'x')).queuedTo).toEqual(['bob']);
  });

  it('that cannot look at a member is not sent to the others alone', async () => {
    const { memory } = world;
    await world.close();
    world = new RelayWorld({
      wrap: () =>
        withFaults(memory, {
          read: async (key, maxBytes) => {
            if (key === '.topics/build/carol') throw new Error('EACCES');
            return memory.read(key, maxBytes);
          },
        }),
    });
    const { relay } = world.process();
    await relay.topics.join('bob', 'build');
    await memory.put('.topics/build/carol', '{}');
    await expect(relay.send('alice', { target: '#build', content: 'x' })).rejects.toThrow('EACCES');
    expect(await memory.list('bob')).toEqual([]);
  });

  it('is for each of 10,000 members once', async () => {
    const agents = Array.from({ length: 10_000 }, (_, n) => `agent-${String(n).padStart(5, '0')}`);
    for (const agent of agents) await world.put(`.topics/build/${agent}`, { joined_at: '2026-02-17T20:30:00.000Z' });
    expect(await world.process().relay.agents.resolve('#build', 'agent-00007')).toEqual({
      to: '#build',
      recipients: agents.filter((agent) => agent !== 'agent-00007'),
    });
  });
});

describe('a message to nobody', () => {
  it('of a topic without members says so, names the topics that have some, and leaves nothing', async () => {
    const alice = await world.session('alice');
    await expect(sent(alice, '#build', 'x')).rejects.toMatchObject({
      code: 'UNKNOWN_TARGET',
      message: 'Nobody got it: #build has no members. There are no topics yet; join makes one.',
    });
    await join('review', 'bob');
    await join('gone', 'bob');
    await world.process().relay.topics.leave('bob', 'gone');
    const before = await world.keys();
    await expect(sent(alice, '#build', 'x')).rejects.toMatchObject({
      code: 'UNKNOWN_TARGET',
      message: 'Nobody got it: #build has no members. Topics with members: #review.',
    });
    expect(await world.keys()).toEqual(before);
  });

  it('of 10,000 topics names twenty, and says how many more there are', async () => {
    const alice = await world.session('alice');
    for (let n = 0; n < 10_000; n++) await world.put(`.topics/t${n}/bob`, 'x');
    const refusal = await sent(alice, '#build', 'x').catch((error: unknown) => error);
    expect(refusal).toMatchObject({ message: expect.stringMatching(/: #t0, #t1, #t10, .* and 9980 more\.$/) });
    expect((refusal as Error).message.length).toBeLessThan(300);
  });

  it('says to the only member that there is no other', async () => {
    const alice = await world.session('alice');
    await join('build', 'alice');
    const alone = { code: 'NO_RECIPIENT', message: expect.stringContaining('you are the only member of #build') };
    await expect(sent(alice, '#build', 'x')).rejects.toMatchObject(alone);
    expect((await sent(alice, '#build', 'x', { includeSelf: true })).queuedTo).toEqual(['alice']);
  });

  it.each(['#', '#all', '#human', '##build', '#a b', '#../x', '#\u212Aing'])(
    'of %j says that it is no topic, and leaves nothing',
    async (target) => {
      const alice = await world.session('alice');
      const before = await world.keys();
      await expect(sent(alice, target, 'x')).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/^target: .*A topic is named like an agent/),
      });
      expect(await world.keys()).toEqual(before);
    },
  );

  it.each(['bob', 'all', 'human', 'build'])('refuses include_self to %s, which is no topic', async (target) => {
    const alice = await world.session('alice');
    await join('build', 'bob');
    await expect(sent(alice, target, 'x', { includeSelf: true })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      data: { argument: 'include_self' },
    });
    expect(await world.keys('bob')).toEqual([]);
  });
});

describe('what was sent to a topic', () => {
  it('counts once against its sender, like a broadcast', async () => {
    await world.close();
    world = new RelayWorld({ limits: { sendsPerMinute: 2 } });
    const alice = await world.session('alice');
    await join('build', 'bob', 'carol', 'dave');
    await send(alice, '#build', 'x');
    await send(alice, '#build', 'x');
    await expect(send(alice, '#build', 'x')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    world.clock.advance(MINUTE);
    await send(alice, '#build', 'x');
  });

  it('counts for the loop stop: members that answer each other over a topic come to an end', async () => {
    await world.close();
    world = new RelayWorld({ limits: { threadMessagesPerHour: 6 } });
    await join('build', 'alice', 'bob', 'carol');
    const talkers = [await world.session('alice'), await world.session('bob'), await world.session('carol')];
    const outcomes: string[] = [];
    for (let n = 0; n < 9; n++) {
      world.clock.advance(1);
      const outcome = await send(talkers[n % 3] as never, '#build', 'x').then(
        () => 'sent',
        ({ code }: { code: string }) => code,
      );
      outcomes.push(outcome);
    }
    expect(outcomes).toEqual([...Array<string>(6).fill('sent'), ...Array<string>(3).fill('RATE_LIMITED')]);
  });

  it('keeps its recipients under an idempotency key, however the topic changes and is spelled', async () => {
    const alice = await world.session('alice');
    await join('build', 'bob', 'carol');
    const first = await sent(alice, '#build', 'x', { idempotencyKey: 'k' });
    await join('build', 'dave');
    for (const agent of ['bob', 'carol', 'dave']) await world.process().relay.topics.leave(agent, 'build');
    const again = await sent(alice, '# BUILD', 'x', { idempotencyKey: 'k' });
    expect([again.deduplicated, again.message, again.queuedTo]).toEqual([true, first.message, ['bob', 'carol']]);
    expect([await world.keys('dave'), (await world.keys('bob')).length]).toEqual([[], 1]);
    await expect(sent(alice, '#build', 'x', { idempotencyKey: 'k', includeSelf: true })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
    await expect(sent(alice, 'build', 'x', { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
  });

  it('is acknowledged by each member for itself, and its sender learns of each', async () => {
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    await join('build', 'bob', 'carol');
    const id = await send(alice, '#build', 'x');
    await read(bob);
    await bob.kept.ack([id]);
    expect((await world.process().relay.receipts.lookUp('alice', id)).map(({ to, state }) => [to, state])).toEqual([
      ['bob', 'acked'],
      ['carol', 'pending'],
    ]);
  });

  it('can be replaced: the copies that nobody has read are withdrawn', async () => {
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    await join('build', 'bob', 'carol');
    const old = await send(alice, '#build', 'old');
    await read(bob);
    await send(alice, '#build', 'new', { supersedes: old });
    expect(await read(await world.session('carol'))).toEqual(['new']);
    expect(await read(bob)).toEqual(['new']);
  });

  it('says in the inbox and in the log that it went to the topic', async () => {
    const alice = await world.session('alice');
    await join('build', 'bob');
    const id = await send(alice, '#build', 'x', { priority: 'urgent' });
    const bob = await world.session('bob');
    expect((await claimAll(bob.inbox)).delivered).toMatchObject([{ message: { id, to: '#build' } }]);
    const [logged] = (await logOf(world.process().relay)).filter(({ event }) => event === 'sent');
    expect(logged).toMatchObject({ id, to: ['bob'], target: '#build' });
  });
});

describe('a person', () => {
  it('is told of many members twenty, and how many more there are; a script is told of all', async () => {
    const desk = new Desk();
    for (let n = 100; n < 150; n++) await desk.relay.topics.join(`agent-${n}`, 'build');
    const { out } = await desk.run(['send', '#build', 'x']);
    expect(out).toMatch(
      / to #build \(agent-100, .*, agent-119 and 30 more\)\.\nNot listening now: .* and 30 more\. The/,
    );
    expect((await desk.run(['send', '#build', 'x', '--json'])).json.queued_to).toHaveLength(50);
    await desk.world.close();
  });

  it('sees of a message to a topic whom it reached and as what, in send, inbox, trace and tail', async () => {
    const desk = new Desk();
    await desk.relay.topics.join('bob', 'build', 'red \u001b[31mhat');
    await desk.relay.topics.join('carol', 'build');
    const ran = await desk.run(['send', '#build', 'the', 'build', 'is', 'green']);
    const id = /msg-\w+/.exec(ran.out)?.[0] ?? '';
    expect([ran.code, ran.out]).toEqual([0, expect.stringContaining(`${id} from human to #build (bob, carol).`)]);
    expect((await desk.run(['inbox', 'bob'])).out).toContain('to #build');
    expect((await desk.run(['trace', id])).out).toMatch(/to bob, carol; as #build/);
    const { out } = await desk.run(['tail']);
    expect(out).toMatch(/joined +bob +#build as red .*hat\n/);
    expect(out).toMatch(/sent +human → bob, carol +msg-\w+ +as #build, \d+ bytes/);
    expect(out).not.toContain('\u001b[31m');
    expect((await desk.run(['tail', '--agent', 'carol'])).out).toMatch(/joined +carol +#build\n/);
    await desk.world.close();
  });
});
