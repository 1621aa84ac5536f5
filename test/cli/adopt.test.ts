import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Identity } from '../../src/relay/identity.js';
import { slotKey } from '../../src/relay/keys.js';
import { read } from '../helpers/relay-world.js';
import { Desk, PROJECT } from './desk.js';

let desk: Desk;
let open: Identity[];

beforeEach(() => {
  desk = new Desk();
  open = [];
});
afterEach(async () => {
  for (const identity of open) await identity.end();
  await desk.world.close();
});

/** A session that is named after the project, after its first call. */
async function session(project = PROJECT) {
  const identity = new Identity(desk.world.process().relay, undefined, { project: () => project });
  open.push(identity);
  const made = await identity.session();
  await made.begin();
  return { agent: made.agent, made, end: () => identity.end() };
}

describe('adopt', () => {
  it('has the next new session of the project be that agent and read its mail, of which the sender is told so', async () => {
    const windows = [await session(), await session(), await session()];
    for (const window of windows) await window.end();
    const id = await desk.send('alice', 'webapp-3');
    expect(await desk.run(['adopt', ' Webapp-3 '])).toMatchObject({
      code: 0,
      out: 'The next new session in /code/webapp is webapp-3, and reads its 1 message.\n',
      err: 'A session that is resumed keeps the name it had.\n',
    });
    const next = await session();
    expect(next.agent).toBe('webapp-3');
    expect(await read(next.made)).toEqual(['hello']);
    expect(await desk.whereabouts('alice', id)).toEqual(['read webapp-3']);
    // It was for one session.
    await next.end();
    expect((await session()).agent).toBe('webapp');
  });

  it('gives a project the name of another, and says whose it was', async () => {
    const old = { ...PROJECT, path: '/code/gone', name: 'gone' };
    await (await session(old)).end();
    expect((await desk.run(['adopt', 'gone', '--json'])).json).toEqual({
      adopted: 'gone',
      project: '/code/webapp',
      from: '/code/gone',
      unread: 0,
    });
    expect([(await session()).agent, (await session(old)).agent]).toEqual(['gone', 'gone-2']);
  });

  it('gives a project the name of an agent that had an id', async () => {
    await (await desk.world.session('carol')).end();
    expect((await desk.run(['adopt', 'carol'])).code).toBe(0);
    expect((await session()).agent).toBe('carol');
  });

  it.each(['slot', 'id'])('refuses for an agent that is live by its %s, and changes nothing', async (by) => {
    if (by === 'slot') await session();
    else await desk.world.session('webapp');
    const before = await desk.world.keys();
    expect(await desk.run(['adopt', 'webapp'])).toMatchObject({
      code: 4,
      err: expect.stringContaining('live session'),
    });
    expect(await desk.world.keys()).toEqual(before);
  });

  it('refuses for a name that nobody has', async () => {
    expect(await desk.run(['adopt', 'nobody'])).toMatchObject({
      code: 3,
      err: expect.stringContaining('No agent nobody'),
    });
    expect(await desk.world.keys()).toEqual([]);
  });

  it('is for a person: not for a model in its shell, and not for a script', async () => {
    await (await session()).end();
    for (const given of [{ env: { CLAUDECODE: '1' } }, { isTTY: false }]) {
      const { code, out } = await desk.run(['adopt', 'webapp'], given);
      expect([code, out]).toEqual([4, '']);
    }
    expect((await desk.run(['adopt', 'webapp'])).code).toBe(0);
  });

  it('refuses where no session is named after its project', async () => {
    await (await session()).end();
    const required = await desk.run(['adopt', 'webapp'], { config: { identity: 'required' } });
    expect(required).toMatchObject({ code: 4, err: expect.stringContaining('MCP_DISPATCH_AGENT_ID=webapp') });
    const roster = new Desk({ roster: ['ada'] });
    expect(await roster.run(['adopt', 'ada'])).toMatchObject({
      code: 4,
      err: expect.stringContaining('With a roster'),
    });
  });

  it('replaces a record that says nothing', async () => {
    await desk.relay.store.update(slotKey('webapp'), undefined, 'not json');
    expect((await desk.run(['adopt', 'webapp'])).code).toBe(0);
    expect((await session()).agent).toBe('webapp');
  });
});

describe('forget', () => {
  it('makes a name free for any project again', async () => {
    await (await session({ ...PROJECT, path: '/one/webapp' })).end();
    expect((await desk.run(['forget', 'webapp'])).code).toBe(0);
    expect((await session()).agent).toBe('webapp');
  });

  it('takes a name away from who cannot be seen from here, once it is silent, and from nobody else', async () => {
    const far = desk.world.process({ elsewhere: true });
    const identity = new Identity(far.relay, undefined, { project: () => PROJECT });
    await identity.session();
    expect((await session()).agent).toBe('webapp-2');
    expect((await desk.run(['forget', 'webapp'])).code).toBe(0);
    expect((await desk.run(['forget', 'webapp-2'])).code).toBe(4);
    expect((await session()).agent).toBe('webapp');
  });
});
