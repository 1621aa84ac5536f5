/** Names of a roster, claimed by servers that start at once, and freed when these end in whatever way. */
import type { Json } from '../helpers/server-client.js';
import { filesIn, listTree, test } from '../helpers/server-sandbox.js';

const NAMES = ['ann', 'ben', 'cleo', 'dan', 'eve'];
const CONFIG = `agents = [${NAMES.map((name) => `"${name}"`).join(', ')}]\n`;

test('of 8 servers started at once on a roster of 5, five get a name each and three say why not', async ({
  sandbox,
  expect,
}) => {
  const servers = await Promise.all(Array.from({ length: 8 }, () => sandbox.start(undefined, { config: CONFIG })));
  const results = await Promise.all(servers.map((server) => server.result('who')));
  const named = results.flatMap(({ structuredContent }: Json) => structuredContent?.self ?? []);
  expect(named.sort()).toEqual(NAMES);
  const refused = results.filter(({ isError }) => isError);
  expect(refused).toHaveLength(3);
  for (const { content } of refused) {
    expect(content[0]?.text).toMatch(/All names of the roster are taken.*ann, ben, cleo, dan, eve/);
  }
  for (const server of servers) expect((await server.request('tools/list')).result.tools).toHaveLength(12);
});

test('the instructions of initialize name whom a server got', async ({ sandbox, expect }) => {
  for (const name of NAMES.slice(0, 2)) {
    const server = sandbox.spawn({ config: CONFIG });
    expect((await server.initialize()).instructions).toContain(`"${name}"`);
  }
});

for (const way of ['end of input', 'SIGTERM', 'SIGKILL'] as const) {
  test(`a name is free again after ${way}, and a waiting server gets it without a restart`, async ({
    sandbox,
    expect,
  }) => {
    const config = 'agents = ["ann", "ben"]\n';
    const ann = await sandbox.start(undefined, { config });
    const ben = await sandbox.local(undefined, { config });
    expect([await ann.call('who'), await ben.call('who')]).toMatchObject([{ self: 'ann' }, { self: 'ben' }]);
    const waiting = await sandbox.start(undefined, { config });
    expect(await waiting.refusal('peek')).toMatch(/taken/);
    await ann.call('dispatch', { message: 'for whoever is ben', target: 'ben' });
    await ben.call('dispatch', { message: 'for whoever is ann', target: 'ann' });
    if (way === 'end of input') ann.endInput();
    else ann.kill(way);
    await ann.ending(way);
    expect((await waiting.call('peek')).messages).toMatchObject([{ content: 'for whoever is ann', from: 'ben' }]);
  });
}

test('a server that waits for a name takes one, whatever number of calls asks for it', async ({ sandbox, expect }) => {
  const config = 'agents = ["ann", "ben"]\n';
  const holders = [await sandbox.local(undefined, { config }), await sandbox.local(undefined, { config })];
  const waiting = await sandbox.start(undefined, { config });
  expect(await waiting.refusal('who')).toMatch(/taken/);
  for (const holder of holders) await holder.close();
  const answers = await Promise.all(Array.from({ length: 5 }, () => waiting.call('who')));
  expect(new Set(answers.map(({ self }) => self))).toEqual(new Set(['ann']));
  const other = await sandbox.local(undefined, { config });
  expect(await other.call('who')).toMatchObject({ self: 'ben' });
});

test('names that were claimed and never used are free again, and leave no presence', async ({ sandbox, expect }) => {
  for (let round = 0; round < 2; round++) {
    const server = await sandbox.start(undefined, { config: 'agents = ["ann"]\n' });
    await server.request('tools/list');
    server.kill('SIGTERM');
    expect(await server.ending('SIGTERM')).toEqual({ code: 0, signal: null });
  }
  expect(filesIn(sandbox.relay, '.presence')).toEqual([]);
  // What is left says only that the claim has ended.
  expect(listTree(sandbox.relay).filter((name) => /^\.roster\/ann\/./.test(name))).toEqual([
    expect.stringMatching(/\.ended$/),
  ]);
});

test('a name that a server serves by its id is not given to another', async ({ sandbox, expect }) => {
  const explicit = await sandbox.local('ann', { config: CONFIG });
  await explicit.call('who');
  const claimed = await sandbox.start(undefined, { config: CONFIG });
  expect(await claimed.call('who')).toMatchObject({ self: 'ben' });
});
