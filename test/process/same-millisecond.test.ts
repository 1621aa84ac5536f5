/** Sends that share a millisecond: file names made of the time alone overwrite each other, ours must not. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json } from '../helpers/server-client.js';
import { filesIn, type Sandbox, test } from '../helpers/server-sandbox.js';

const SENDS = 5000;
const PRELOAD = [fileURLToPath(new URL('preload/frozen-clock.cjs', import.meta.url))];
// What is tested are names, which are the same without the syncs that take most of the time.
const CONFIG = 'durability = "process"\nmax_reply_bytes = 1048576\n';

const frozen = () => ({ config: CONFIG, preload: PRELOAD, env: { FROZEN_MS: String(Date.now()) } });

/** All of bob's mail, page by page; no page may repeat what another had. */
async function readAll(sandbox: Sandbox): Promise<Json[]> {
  const bob = await sandbox.start('bob', { config: CONFIG });
  const messages: Json[] = [];
  for (;;) {
    const page = await bob.call('peek', { limit: 100 });
    if (page.count === 0) return messages;
    messages.push(...page.messages);
  }
}

for (const [processes, agents] of [
  [1, ['alice']],
  [4, ['alice', 'alice', 'carol', 'dave']],
] as const) {
  test(`${SENDS} sends of ${processes} process(es) in one frozen millisecond are all kept and distinct`, {
    timeout: 600_000,
  }, async ({ sandbox, expect }) => {
    const options = frozen();
    const servers = await Promise.all(agents.map((agent) => sandbox.start(agent, options)));
    const each = SENDS / servers.length;
    const answers = await Promise.all(
      servers.flatMap((server, s) =>
        Array.from({ length: each }, (_, n) => server.call('dispatch', { message: `${s}-${n}`, target: 'bob' })),
      ),
    );
    const ids = new Set(answers.map(({ id }) => id));
    expect(ids.size).toBe(SENDS);
    const files = filesIn(sandbox.relay, 'bob');
    expect(files).toHaveLength(SENDS);
    const [first = ''] = files;
    const time = first.slice(0, 13);
    expect(files.every((name) => name.startsWith(time))).toBe(true);
    expect(JSON.parse(readFileSync(path.join(sandbox.relay, 'bob', first), 'utf8')).timestamp).toBe(
      new Date(Number(options.env.FROZEN_MS)).toISOString(),
    );

    const messages = await readAll(sandbox);
    expect(messages).toHaveLength(SENDS);
    expect(new Set(messages.map(({ id }) => id))).toEqual(ids);
    expect(messages.filter(({ redelivered }) => redelivered)).toEqual([]);
    for (const [s] of servers.entries()) {
      // Each session's own mail in the order in which it was sent.
      const own = messages.map(({ content }) => content as string).filter((content) => content.startsWith(`${s}-`));
      expect(own).toEqual(Array.from({ length: each }, (_, n) => `${s}-${n}`));
    }
  });
}
