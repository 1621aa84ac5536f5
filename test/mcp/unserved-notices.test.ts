/** What a reply says of mail that waits under names of the project which nobody serves. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Project } from '../../src/model/project.js';
import { RelayClient, type ToolAnswer } from '../helpers/relay-client.js';
import { RelayWorld, type TestProcess } from '../helpers/relay-world.js';

let world: RelayWorld;
let clients: RelayClient[];

beforeEach(() => {
  world = new RelayWorld();
  clients = [];
});

afterEach(async () => {
  for (const client of clients) await client.close();
  await world.close();
});

const projectAt = (path: string, name: string): Project => ({ path, name, repository: { path, name } });
const WEBAPP = projectAt('/code/webapp', 'webapp');

async function client(
  options: { agent?: string; project?: Project; process?: TestProcess; maxReplyBytes?: number } = {},
) {
  const { agent, project = WEBAPP, process = world.process(), maxReplyBytes = 10_240 } = options;
  const made = new RelayClient(world, agent, { process, project, maxReplyBytes });
  clients.push(made);
  await made.connect();
  return made;
}

/** A window of the project that was open and is closed. */
async function closed(project = WEBAPP) {
  const window = await client({ project });
  const name = (await window.call('who')).json.self as string;
  await window.close();
  return name;
}

const noticesOf = ({ json }: ToolAnswer): string[] => json.notices ?? [];
const send = async (target: string, content = 'hello') => {
  const session = await world.session('alice');
  await session.send({ target, content });
  await session.end();
};
/** Long enough for the next look. */
const later = () => world.clock.advance(5000);

const NOTICE =
  '2 messages wait for webapp-2: nobody serves that name now. It is for the user to run `mcp-dispatch adopt webapp-2` in this project; the next new session here is then webapp-2, and reads them.';

describe('the notice of mail under a name that nobody serves', () => {
  it('names the agent, how much there is and what to do, and none of the words', async () => {
    const live = await client();
    await live.call('who');
    expect(await closed()).toBe('webapp-2');
    await send('webapp-2', 'SECRET');
    await send('webapp-2', 'SECRET');
    later();
    expect(noticesOf(await live.call('peek'))).toEqual([NOTICE]);
  });

  it('comes once, and again when more has arrived', async () => {
    const live = await client();
    await live.call('who');
    await closed();
    await send('webapp-2');
    later();
    expect(noticesOf(await live.call('who'))).toHaveLength(1);
    for (const tool of ['who', 'peek']) {
      later();
      expect(noticesOf(await live.call(tool))).toEqual([]);
    }
    await send('webapp-2');
    later();
    expect(noticesOf(await live.call('who'))).toEqual([NOTICE]);
  });

  it('comes to each agent of the project, also to one with an id, and to no other', async () => {
    const live = await client();
    await live.call('who');
    await closed();
    await send('webapp-2');
    later();
    for (const options of [{ agent: 'bob' }, { agent: 'cyd' }])
      expect(noticesOf(await (await client(options)).call('who')).join()).toContain('webapp-2');
    const elsewhere = await client({ project: projectAt('/code/other', 'other') });
    expect(noticesOf(await elsewhere.call('who'))).toEqual([]);
  });

  it('does not come for a name that is served, by its slot or by its id', async () => {
    const live = await client();
    await live.call('who');
    const process = world.process();
    const second = await client({ process });
    await second.call('who');
    await send('webapp-2');
    later();
    expect(noticesOf(await live.call('who'))).toEqual([]);
    process.kill();
    const given = await client({ agent: 'webapp-2', project: projectAt('/code/other', 'other') });
    await given.call('who');
    await send('webapp-2');
    later();
    expect(noticesOf(await live.call('who'))).toEqual([]);
  });

  it('does not come for a name that a person has adopted for the next session', async () => {
    const live = await client();
    await live.call('who');
    await closed();
    await send('webapp-2');
    await world.process().relay.slots.adopt('webapp-2', WEBAPP);
    later();
    expect(noticesOf(await live.call('who'))).toEqual([]);
  });

  it('comes again when it was lost with the reply that it stood in', async () => {
    const live = await client();
    await live.call('who');
    await closed();
    await send('webapp-2');
    await send('webapp-2');
    later();
    // An answer that is an error carries nothing.
    expect((await live.call('dispatch', { target: '../x', message: 'no' })).isError).toBe(true);
    later();
    expect(noticesOf(await live.call('who'))).toEqual([NOTICE]);
  });

  it('names three at most, and how many more there are', async () => {
    const processes = Array.from({ length: 6 }, () => world.process());
    const live = await client();
    await live.call('who');
    for (const process of processes) await (await client({ process })).call('who');
    for (const process of processes) process.kill();
    for (let number = 2; number <= 7; number++) await send(`webapp-${number}`);
    later();
    expect(noticesOf(await live.call('who'))).toEqual([
      expect.stringMatching(
        /^1 message waits for webapp-2, 1 for webapp-3, 1 for webapp-4, more for 3 others: nobody serves/,
      ),
    ]);
  });
});

it('leaves the reply within its budget, however little room there is', async () => {
  vi.spyOn(process, 'cwd').mockReturnValue(`/${'"'.repeat(300)}`);
  const project = projectAt('/code/long', 'x'.repeat(58));
  const windows = [];
  for (let number = 0; number < 5; number++) {
    const window = await client({ project, maxReplyBytes: 2048 });
    windows.push([window, (await window.call('who')).json.self] as const);
  }
  const [live] = windows.shift() ?? [];
  for (const [window, name] of windows) {
    await window.close();
    await send(name);
  }
  for (let number = 0; number < 4; number++) await world.process().session('x'.repeat(58));
  later();
  const args = { target: 'y'.repeat(64), message: 'hello', thread_id: '\u20ac'.repeat(128) };
  const answer = await live?.call('dispatch', args);
  expect(answer?.json.sent).toBe(true);
  expect(Buffer.byteLength(answer?.text ?? '')).toBeLessThanOrEqual(2048);
});
