/** Real servers on a disk that really is full: a small file system in memory, which only root can mount. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { inspectRelay } from '../helpers/relay-inspection.js';
import { answerOf, type Json, refusalOf } from '../helpers/server-client.js';
import { type Sandbox, test } from '../helpers/server-sandbox.js';
import { asRoot, linux } from '../helpers/store-relay.js';

/** Undefined where this is not allowed, in a container for instance. */
function mountedDisk(sandbox: Sandbox, options: string): string | undefined {
  const path = join(sandbox.root, 'disk');
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=0700,${options}`, 'tmpfs', path], { stdio: 'pipe' });
  } catch {
    return undefined;
  }
  sandbox.atEnd(() => execFileSync('umount', [path]));
  return path;
}

/** What somebody else has on the disk: room for later. An ack needs it too, for its receipts are written first. */
const BALLAST = 90;

/** Takes what room is left, or as many files, so that then not even a short file has any. */
function fill(disk: string, name: string, most = Number.POSITIVE_INFINITY): string[] {
  const made: string[] = [];
  for (;;) {
    if (made.length === most) return made;
    const path = join(disk, `${name}-${made.length}`);
    try {
      made.push(path);
      writeFileSync(path, 'x'.repeat(4096));
    } catch {
      return made;
    }
  }
}

describe.skipIf(!linux || !asRoot)('servers on a full disk', () => {
  test.for([['bytes', 'size=900k'] as const, ['inodes', 'size=8m,nr_inodes=150'] as const])(
    'without %s say so, keep what was sent, and go on when there is room again',
    async ([, options], { sandbox, skip }) => {
      const disk = mountedDisk(sandbox, options);
      if (disk === undefined) return skip('no file system can be mounted here');
      const ballast = fill(disk, 'ballast', BALLAST);
      const relay = join(disk, 'relay');
      const alice = await sandbox.agent('alice', { relay });
      const bob = await sandbox.agent('bob', { relay });
      const seen: string[] = [];
      const readAll = async () => {
        for (let more = 1; more > 0; ) {
          const answer: Json = await bob.call('peek');
          for (const { content, redelivered } of answer.messages) {
            expect(redelivered).toBeUndefined();
            seen.push(content);
          }
          more = answer.more ?? 0;
        }
      };
      const sent: string[] = [];
      const send = async () => {
        const message = `${sent.length} ${'m'.repeat(2000)}`;
        const result = await alice.result('dispatch', { message, target: 'bob' });
        if (result.isError === true) return refusalOf(result);
        expect(answerOf(result)).toMatchObject({ sent: true, queued_to: ['bob'] });
        sent.push(message);
        return undefined;
      };
      // Bob's folders are made while there is room: reading needs none then.
      expect(await send()).toBeUndefined();
      await readAll();

      let refusal: string | undefined;
      while (refusal === undefined) refusal = await send();
      expect(refusal).toMatch(/^STORE_UNAVAILABLE: .*the disk is full.*ENOSPC/);
      expect(sent.length).toBeGreaterThan(5);
      const rest = [...ballast, ...fill(disk, 'rest')];
      for (let again = 0; again < 3; again++) expect(await send()).toMatch(/ENOSPC/);
      const { copies, wrong } = inspectRelay(relay);
      expect(wrong).toEqual([]);
      expect(copies.map(({ message }) => message.content).sort()).toEqual([...sent].sort());

      for (const path of rest) rmSync(path, { force: true });
      const unread = copies.filter(({ standing }) => standing === 'pending');
      await readAll();
      expect(seen).toEqual(sent);
      const ids = unread.map(({ message }) => message.id);
      expect(await bob.call('ack', { message_ids: ids })).toMatchObject({ acked: ids.length });
      expect(await send()).toBeUndefined();
      await readAll();
      expect(seen).toEqual(sent);
    },
  );
});
