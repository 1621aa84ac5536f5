import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR } from '../helpers/relay-world.js';
import { Desk } from './desk.js';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.world.close());

const rowsOf = (out: string) => out.split('\n').map((line) => line.split(/ {2,}/));

describe('who --topic', () => {
  it('lists the members with roles, who is live, and what waits for each', async () => {
    await desk.world.session('bob');
    await (await desk.world.session('carol')).end();
    await desk.relay.topics.join('bob', 'build', 'review\u202eer');
    for (const agent of ['carol', 'dave']) await desk.relay.topics.join(agent, 'build');
    await desk.send('alice', '#build');
    desk.world.clock.advance(3 * HOUR);
    const { code, out } = await desk.run(['who', '--topic', ' #Build']);
    expect(code).toBe(0);
    expect(rowsOf(out)).toEqual([
      ['MEMBER', 'ROLE', 'SESSION', 'UNREAD', 'LISTENING'],
      ['bob', expect.stringMatching(/^review[^\u202e]*er$/), 'live', '1', 'unknown: live; no tool called for 3 h'],
      ['carol', '-', 'seen 3 h ago', '1', 'no: no session; last served about 3 h ago'],
      ['dave', '-', 'never seen', '1', 'no: no session; none was ever seen'],
      [''],
    ]);
    const { json } = await desk.run(['who', '--topic', 'build', '--json']);
    expect(json).toMatchObject({
      topic: '#build',
      count: 3,
      members: [
        { agent_id: 'bob', live: true, unread: 1, joined_at: '2026-02-17T20:30:00.000Z' },
        { agent_id: 'carol', role: null, live: false },
        { agent_id: 'dave', last_seen: null },
      ],
    });
  });

  it('without members says so, with 3', async () => {
    expect(await desk.run(['who', '--topic', 'build'])).toMatchObject({
      code: 3,
      out: '',
      err: '#build has no members. `who` lists the topics.\n',
    });
  });

  it.each(['#', 'all', 'a b'])('refuses %j, which is no topic, with 2, and opens no relay', async (name) => {
    const { code, err } = await desk.run(['who', '--topic', name]);
    expect([code, err, desk.opened]).toEqual([2, expect.stringMatching(/^error: topic: .*A topic is named like/), 0]);
  });
});

describe('who', () => {
  it('lists topics with how many members they have, also where no agent is known', async () => {
    await desk.relay.topics.join('bob', 'build');
    await desk.relay.topics.join('dave', 'build');
    await desk.relay.topics.join('dave', 'gone');
    await desk.relay.topics.leave('dave', 'gone');
    const { code, out } = await desk.run(['who']);
    expect([code, rowsOf(out)]).toEqual([0, [['TOPIC', 'MEMBERS'], ['#build', '2'], ['']]]);
    expect((await desk.run(['who', '--json'])).json.topics).toEqual([{ topic: '#build', members: 2 }]);
  });
});

describe('forget', () => {
  it('takes an agent out of its topics, also one that is nothing but a member', async () => {
    for (const topic of ['build', 'review']) await desk.relay.topics.join('bob', topic);
    await desk.relay.topics.join('eve', 'build');
    expect(await desk.run(['forget', 'bob'])).toMatchObject({
      code: 0,
      out: 'Forgot bob.\nIt is no member any more of #build, #review.\n',
    });
    expect(await desk.relay.topics.members('build')).toEqual(['eve']);
    expect((await desk.run(['forget', 'bob'])).code).toBe(3);
  });

  it('that is refused ends no membership', async () => {
    await desk.world.session('bob');
    await desk.relay.topics.join('bob', 'build');
    await desk.relay.topics.join('carol', 'build');
    await desk.send('bob', 'carol');
    expect([(await desk.run(['forget', 'bob'])).code, (await desk.run(['forget', 'carol'])).code]).toEqual([4, 4]);
    expect(await desk.relay.topics.members('build')).toEqual(['bob', 'carol']);
  });

  it('names the memberships that it ended, with --json', async () => {
    await desk.relay.topics.join('bob', 'build');
    expect((await desk.run(['forget', 'bob', '--json'])).json).toEqual({
      forgotten: 'bob',
      dropped: [],
      left: ['#build'],
    });
  });
});
