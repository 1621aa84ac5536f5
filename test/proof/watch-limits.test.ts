/** The system has no watch left to give: one warning, and mail arrives with each call, and by polling at the terminal. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json } from '../helpers/server-client.js';
import { eventually, test } from '../helpers/server-sandbox.js';

const PRELOAD = fileURLToPath(new URL('watch-limits-preload.cjs', import.meta.url));

/** Whether a limit can be set for one process: needs Linux, and leave to make a user namespace. */
function canLimit(limit: string): boolean {
  return spawnSync('unshare', ['-U', '-r', 'sh', '-c', `echo 0 > /proc/sys/user/${limit}`]).status === 0;
}

for (const [limit, code] of [
  ['max_inotify_watches', 'ENOSPC'],
  ['max_inotify_instances', 'EMFILE'],
] as const) {
  test.concurrent(`with a ${limit} of 0 there is one warning, and mail arrives all the same`, async ({
    sandbox,
    expect,
    skip,
  }) => {
    if (!canLimit(limit)) skip('no limits of inotify can be set for one process here');
    const alice = await sandbox.start('alice');
    const bob = await sandbox.start('bob', { preload: [PRELOAD], env: { WATCH_LIMIT: limit } });
    await bob.call('who');
    await eventually('the bell of bob', () => existsSync(path.join(sandbox.relay, '.bell', 'bob')));
    const lines = (text: string) => bob.stderr.split('\n').filter((line) => line.includes(text));
    await eventually('the warning', () => lines('Cannot watch').length > 0);

    await alice.call('dispatch', { message: 'the first', target: 'bob' });
    const { messages } = await bob.call('peek');
    expect(messages.map(({ content }: Json) => content)).toEqual(['the first']);
    await alice.call('dispatch', { message: 'the second', target: 'bob' });
    await eventually('the second at the terminal', () => lines('the second').length > 0);
    await alice.call('dispatch', { message: 'the third', target: 'bob' });
    expect((await bob.call('who')).new_messages.map(({ content }: Json) => content)).toEqual([
      'the second',
      'the third',
    ]);
    // Each poll has tried to watch again since, and none has said so again.
    expect(lines('Cannot watch')).toEqual([expect.stringContaining(code)]);
  });
}
