/** The topics of MCP_DISPATCH_TOPICS, on a session's way from its start to its end. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/store.js';
import { MINUTE, RelayWorld, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;
afterEach(() => world.close());

const members = async (topic = 'build') => world.process().relay.topics.members(topic);

describe('a session', () => {
  it('joins its topics when it first shows itself, and not before', async () => {
    world = new RelayWorld({ sessionTopics: ['build', 'review'] });
    const session = world.process().relay.session('bob');
    expect(await world.keys()).toEqual([]);
    await session.announce();
    expect([await members('build'), await members('review')]).toEqual([['bob'], ['bob']]);
    await session.end();
    expect(await members()).toEqual(['bob']);
  });

  it('joins them with its first call, where that comes first', async () => {
    world = new RelayWorld({ sessionTopics: ['build'] });
    await world.session('bob');
    expect(await members()).toEqual(['bob']);
  });

  it('keeps the role of before', async () => {
    world = new RelayWorld({ sessionTopics: ['build'] });
    await world.process().relay.topics.join('bob', 'build', 'reviewer');
    await world.session('bob');
    expect(await world.process().relay.topics.membership('build', 'bob')).toMatchObject({ role: 'reviewer' });
  });

  it('stays out of what its agent has left, and the next session joins it again', async () => {
    world = new RelayWorld({ sessionTopics: ['build'] });
    const session = await world.session('bob');
    expect(await session.leave('build')).toBe(true);
    world.clock.advance(MINUTE);
    await session.begin(true);
    await session.announce();
    expect(await members()).toEqual([]);
    await world.session('bob');
    expect(await members()).toEqual(['bob']);
  });

  it('is in them again after the relay was removed, except where its agent has left', async () => {
    world = new RelayWorld({ sessionTopics: ['build', 'review'] });
    const session = await world.session('bob');
    await session.leave('review');
    await world.memory.removeAll(await world.keys());
    world.clock.advance(MINUTE);
    await session.begin();
    expect([await members('build'), await members('review')]).toEqual([['bob'], []]);
  });

  it('that cannot join works all the same, says so once, and tries again with its next calls', async () => {
    const faults: Partial<Store> = {};
    world = new RelayWorld({ sessionTopics: ['build', 'review'], wrap: (store) => withFaults(store, faults) });
    faults.create = async (key, value) =>
      key.startsWith('.topics/') ? Promise.reject(new Error('ENOSPC')) : world.memory.create(key, value);
    const session = await world.session('bob');
    world.clock.advance(2000);
    await session.begin();
    expect(await members()).toEqual([]);
    expect(world.warnings).toEqual(['bob could not join #build; the next call of a tool tries again. ENOSPC']);
    delete faults.create;
    world.clock.advance(2000);
    await session.begin();
    expect([await members('build'), await members('review')]).toEqual([['bob'], ['bob']]);
  });

  it('that could not join, and leaves, does not join after all', async () => {
    const faults: Partial<Store> = {};
    world = new RelayWorld({ sessionTopics: ['build'], wrap: (store) => withFaults(store, faults) });
    faults.create = async () => Promise.reject(new Error('ENOSPC'));
    const session = await world.session('bob');
    delete faults.create;
    expect(await session.leave('build')).toBe(false);
    world.clock.advance(2000);
    await session.begin();
    expect(await members()).toEqual([]);
  });
});
