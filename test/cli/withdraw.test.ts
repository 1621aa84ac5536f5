import { afterEach, expect, it } from 'vitest';
import { read } from '../helpers/relay-world.js';
import { Desk } from './desk.js';

let desk: Desk;
const open = () => {
  desk = new Desk();
  return desk;
};
afterEach(async () => {
  await desk.world.close();
});

it('takes back an unread message of the human, and says from whom', async () => {
  open();
  const { id } = (await desk.run(['send', 'bob', 'oops', '--json'])).json;
  expect(await desk.run(['withdraw', String(id)])).toMatchObject({
    code: 0,
    out: `Withdrew ${id} from bob.\n`,
    err: '',
  });
  expect(await read(await desk.world.session('bob'))).toEqual([]);
});

it('says who has read it already, with 3', async () => {
  const bob = await open().world.session('bob');
  const { id } = (await desk.run(['send', 'bob', 'oops', '--json'])).json;
  await read(bob);
  const { code, json } = await desk.run(['withdraw', String(id), '--json']);
  expect([code, json]).toEqual([3, { id, from: 'human', copies: [{ to: 'bob', outcome: 'read' }] }]);
  expect((await desk.run(['withdraw', String(id)])).out).toBe(
    'Not withdrawn from bob: has read it, and is told that it was withdrawn.\n',
  );
});

it("does not take back another's message", async () => {
  const alice = await open().world.session('alice');
  const { message } = await alice.send({ target: 'bob', content: 'hi' });
  const { code, err } = await desk.run(['withdraw', message.id]);
  expect([code, err]).toEqual([3, expect.stringContaining(`There is no message ${message.id} that human sent`)]);
  expect(await read(await desk.world.session('bob'))).toEqual(['hi']);
});

it('acts for an agent that is not running, and for no live one', async () => {
  open();
  const { id } = (await desk.run(['send', 'bob', 'oops', '--from', 'ci', '--json'])).json;
  const live = await desk.world.session('ci');
  expect((await desk.run(['withdraw', String(id), '--from', 'ci'])).code).toBe(4);
  await live.end();
  expect((await desk.run(['withdraw', String(id), '--from', 'ci'])).code).toBe(0);
});

it.each([
  ['nobody at the terminal', { isTTY: false }],
  ["an agent's shell", { env: { CLAUDECODE: '1' } }],
])('refuses to act for the human with %s', async (_, given) => {
  expect((await open().run(['withdraw', 'msg-k3j9x0q2m4ab'], given)).code).toBe(4);
});

it.each(['../x', '', 'a b', 'msg-\u0000'])('refuses the id %j before it looks at anything', async (id) => {
  expect((await open().run(['withdraw', id])).code).toBe(2);
  expect(desk.opened).toBe(0);
});
