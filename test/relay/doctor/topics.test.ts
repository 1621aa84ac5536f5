/** What `doctor` finds among the topics. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runChecks } from '../../../src/model/finding.js';
import { RELAY_CHECKS } from '../../../src/relay/doctor/doctor.js';
import { Relay } from '../../../src/relay/relay.js';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import { DAY, RelayWorld } from '../../helpers/relay-world.js';
import { posix, useTemporaryDirectories } from '../../helpers/store-relay.js';

const RETENTION = { receiptRetentionMs: 7 * DAY, logRetentionMs: 30 * DAY };
const MEMBERSHIP = { joined_at: '2026-02-17T20:30:00.000Z' };

let world: RelayWorld;
beforeEach(() => {
  world = new RelayWorld();
});
afterEach(() => world.close());

async function codes(relay: Relay): Promise<string[]> {
  const found = await runChecks(RELAY_CHECKS, { relay, ...RETENTION }, async () => {});
  return found.map(({ severity, code, path }) => `${severity} ${code} ${path.slice(relay.store.location.length + 1)}`);
}

describe('among the topics', () => {
  it('members are no finding, nor is a role that cannot be shown', async () => {
    const { relay } = world.process();
    await relay.topics.join('bob', 'build', 'reviewer');
    await world.put('.topics/build/eve', { ...MEMBERSHIP, role: 7, later: true });
    expect(await codes(relay)).toEqual([]);
  });

  it('what is no topic and what is no membership is named, and left where it is', async () => {
    await world.put('.topics/build/bob', '{"joined_at":');
    await world.put('.topics/build/Eve', MEMBERSHIP);
    await world.put('.topics/human/bob', MEMBERSHIP);
    const { relay } = world.process();
    const before = await world.keys();
    expect((await codes(relay)).sort()).toEqual([
      'note topic-unreadable .topics/build/Eve',
      'note topic-unreadable .topics/human',
      'warning topic-unreadable .topics/build/bob',
    ]);
    expect(await world.keys()).toEqual(before);
    await relay.topics.join('bob', 'build');
    expect(await codes(relay)).not.toContain('warning topic-unreadable .topics/build/bob');
  });

  it('a member that is not on the roster is told of', async () => {
    await world.close();
    world = new RelayWorld({ roster: ['bob'] });
    for (const agent of ['bob', 'eve']) await world.put(`.topics/build/${agent}`, MEMBERSHIP);
    expect(await codes(world.process().relay)).toEqual(['note member-not-on-roster .topics/build/eve']);
  });
});

describe.runIf(posix)('in the place of a topic', () => {
  const temporaryDirectory = useTemporaryDirectories();

  it('a link is told of as a folder that was replaced, and not followed', async () => {
    const root = join(temporaryDirectory(), 'relay');
    const self = world.processes.start();
    const processes = { self: () => self, check: () => 'dead' as const };
    const relay = new Relay({ store: new FilesystemStore(root), processes, clock: world.clock });
    await relay.topics.join('bob', 'build');
    mkdirSync(join(root, '.topics/build/eve'));
    symlinkSync(join(root, '.topics/build'), join(root, '.topics/review'));
    symlinkSync(join(root, '.topics/build/bob'), join(root, '.topics/build/dave'));
    const found = (await codes(relay)).filter((line) => line.includes('.topics'));
    expect(found.sort()).toEqual([
      'error folder-replaced .topics/review',
      'warning topic-unreadable .topics/build/dave',
      'warning topic-unreadable .topics/build/eve',
    ]);
  });
});
