import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../src/cli/command.js';
import { showTail } from '../../src/cli/tail.js';
import { styleFor } from '../../src/cli/terminal.js';
import type { JobEvent } from '../../src/relay/jobs/job-events.js';
import { claimed, submitted } from '../helpers/audit-lines.js';
import { event, WRITERS, write } from '../helpers/event-log.js';
import { Desk } from './desk.js';

const [A, B] = WRITERS;

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.world.close());

const jsonLines = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
const ids = async (...options: string[]) =>
  jsonLines((await desk.run(['tail', '--json', ...options])).out).map(({ id }) => id);

describe('tail', () => {
  it('shows the last events, the newest last, a line each', async () => {
    await write(
      desk.world,
      A,
      event(1, { event: 'sent', id: 'msg-aaaaaaaaaaaa', to: ['bob'], bytes: 412, thread_id: 'deploys' }),
      event(3, { event: 'session_started', agent: 'carol', session: A, pid: 7, cwd: '/w', client: 'codex' }),
      event(4, { event: 'quarantined', reason: 'not \x1b[2J JSON', id: undefined, from: undefined }),
      event(5, { event: 'refused', to: ['bob'], id: undefined, code: 'RATE_LIMITED', limit: 'sends_per_minute' }),
    );
    const rang = { event: 'rang', id: undefined, from: undefined, to: undefined, agent: 'bob', session: B, waiting: 2 };
    const ids = ['msg-aaaaaaaaaaaa'];
    await write(
      desk.world,
      B,
      event(2, { event: 'shown', id: 'msg-aaaaaaaaaaaa', by: 'peek' }),
      event(6, { ...rang, method: 'claude-socket', outcome: 'failed', why: 'no \x1b[2J', ids }),
      event(7, { ...rang, method: 'command', outcome: 'rung', ids }),
      event(8, { ...rang, method: 'command', outcome: 'sung', ids }),
      event(8, { ...rang, method: 'command', outcome: 'rung', ids: ['../x'] }),
    );
    const { code, out } = await desk.run(['tail']);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      '2026-02-17 20:30:01Z  sent             alice → bob         msg-aaaaaaaaaaaa  thread deploys, 412 bytes',
      '2026-02-17 20:30:02Z  shown            alice → bob         msg-aaaaaaaaaaaa  by peek',
      '2026-02-17 20:30:03Z  session started  carol                                 pid 7, codex, /w',
      '2026-02-17 20:30:04Z  quarantined      ? → bob                               not �[2J JSON',
      '2026-02-17 20:30:05Z  refused          alice → bob                           RATE_LIMITED sends_per_minute',
      '2026-02-17 20:30:06Z  rang             bob                                   claude-socket: failed (no �[2J), 2 waiting',
      '2026-02-17 20:30:07Z  rang             bob                                   command: rung, 2 waiting',
      '',
    ]);
  });

  it('shows 20 by default, and as many as --limit says', async () => {
    await write(desk.world, A, ...Array.from({ length: 30 }, (_, index) => event(index)));
    expect(await ids()).toEqual(Array.from({ length: 20 }, (_, index) => `msg-${index + 10}`));
    expect(await ids('--limit', '2')).toEqual(['msg-28', 'msg-29']);
  });

  it('of an agent shows what it did and what happened to its mail', async () => {
    await write(
      desk.world,
      A,
      event(1),
      event(2, { from: 'carol', to: 'dave' }),
      event(3, { event: 'sent', from: 'carol', to: ['dave', 'bob'], bytes: 1 }),
      event(4, { event: 'session_ended', agent: 'bob', session: A }),
      event(5, { from: 'bob', to: 'carol' }),
    );
    expect(await ids('--agent', ' Bob ')).toEqual(['msg-1', 'msg-3', 'msg-4', 'msg-5']);
  });

  it('of an agent shows the jobs that it gave, was given or held', async () => {
    const { events } = desk.relay;
    const job = (digit: number) => `job-${String(digit).padStart(12, '0')}`;
    await events.audit({ ...submitted(job(1)), from: 'bob', to: 'carol' } as JobEvent);
    await events.audit(submitted(job(2)));
    await events.audit({ ...claimed(job(3)), to: '#build' } as JobEvent);
    await events.audit(submitted(job(4), 'carol'));
    const { out } = await desk.run(['tail', '--json', '--agent', 'bob']);
    expect(jsonLines(out).map(({ job }) => job)).toEqual([job(1), job(2), job(3)]);
  });

  it('of a thread shows all events of the messages whose sending is in the log', async () => {
    const sent = (seconds: number, thread_id?: string) =>
      event(seconds, { event: 'sent', to: ['bob'], bytes: 1, thread_id });
    await write(desk.world, A, sent(1, 'deploys'), sent(2, 'deploys-2'), sent(3), event(4, { id: 'msg-1' }));
    const rang = {
      event: 'rang',
      id: undefined,
      agent: 'bob',
      session: B,
      method: 'command',
      outcome: 'rung',
      waiting: 1,
    };
    await write(
      desk.world,
      B,
      event(5, { id: 'msg-2' }),
      event(6, { id: 'msg-before-the-log' }),
      event(7, { ...rang, ids: ['msg-3', 'msg-1'] }),
      event(8, { ...rang, ids: ['msg-3'] }),
    );
    expect(await ids('--thread', 'deploys')).toEqual(['msg-1', 'msg-1', undefined]);
  });

  it('prints no field that is not known, and takes no event for one of another kind by it', async () => {
    await write(
      desk.world,
      A,
      event(1, { session: A, pid: 1, cwd: 'x' }),
      event(2, { event: 'refused', to: ['bob'], code: 'X', id: '\x1b[2J' }),
      event(3, { event: 'session_ended', agent: 'bob', session: A, id: 'msg-3', from: '\x1b[2J', to: [7] }),
    );
    const { code, out } = await desk.run(['tail']);
    expect([code, out.split('\n').map((line) => line.slice(22).trimEnd())]).toEqual([
      0,
      ['acked            alice → bob         msg-1             read', 'session ended    bob', ''],
    ]);
    expect((await desk.run(['tail', '--agent', 'bob'])).out).toBe(out);
  });

  it('has what the commands of a person and of a script do', async () => {
    await desk.run(['send', 'bob', 'hi', '--from', 'ci']);
    const id = await desk.send('bob', 'human');
    desk.world.clock.advance(1);
    expect((await desk.run(['ack', id])).code).toBe(0);
    expect((await desk.run(['forget', 'bob', '--drop'])).code).toBe(0);
    const events = jsonLines((await desk.run(['tail', '--json'])).out);
    expect(events.map(({ event, from, to }) => [event, from, to])).toEqual([
      ['sent', 'ci', ['bob']],
      ['sent', 'bob', ['human']],
      ['acked', 'bob', 'human'],
      ['dropped', 'ci', 'bob'],
    ]);
  });

  it('of a name that nobody has says so, and of one with mail alone that there is no event', async () => {
    const none = await desk.run(['tail', '--agent', 'nobody']);
    expect(none).toMatchObject({ code: 3, out: '', err: 'No agent nobody is known here; who lists them.\n' });
    await desk.world.session('bob');
    const some = await desk.run(['tail', '--agent', 'bob', '--thread', 'x']);
    expect(some).toMatchObject({ code: 3, out: '', err: expect.stringContaining('No such event') });
  });

  it('without any event ends with 3', async () => {
    expect(await desk.run(['tail'])).toMatchObject({ code: 3, out: '', err: expect.stringContaining('No such event') });
    expect(await desk.run(['tail', '--limit', '0'])).toMatchObject({ code: 2, out: '' });
    expect(await desk.run(['tail', '--agent', 'a/b'])).toMatchObject({ code: 2, out: '' });
  });
});

describe('tail --follow', () => {
  /** Follows while `steps` happen, one between two looks; gives the ids of what was printed at each look. */
  async function follow(
    steps: (() => Promise<unknown>)[],
    options: { agent?: string; thread?: string; readers?: number; json?: boolean } = {},
  ) {
    let { readers = Number.POSITIVE_INFINITY } = options;
    let said = '';
    const printed: string[][] = [];
    const context: Context = {
      env: {},
      json: options.json ?? true,
      version: '1',
      open: () => Promise.reject(new Error('not asked for')),
      terminal: {
        stdinIsTTY: false,
        columns: undefined,
        style: styleFor(false, {}),
        out: async (text) => {
          if (readers-- <= 0) return false;
          printed.push(jsonLines(text).map(({ id }) => id));
          return true;
        },
        err: (text) => {
          said += text;
        },
        readInput: async () => Buffer.alloc(0),
      },
    };
    const wanted = { limit: 2, follow: true, agent: options.agent, thread: options.thread };
    let looks = 0;
    const code = await showTail(context, desk.relay, wanted, async () => {
      await steps[looks]?.();
      return looks++ < steps.length;
    });
    return { code, printed, looks, said };
  }

  it('goes on with what comes, from every writer, until it is stopped', async () => {
    await write(desk.world, A, event(1), event(2), event(3));
    const outcome = await follow([
      () => write(desk.world, A, event(4)),
      async () => {},
      () => Promise.all([write(desk.world, B, event(6)), write(desk.world, A, event(5))]),
    ]);
    expect(outcome).toMatchObject({ code: 0, looks: 4 });
    expect(outcome.printed.flat()).toEqual(['msg-2', 'msg-3', 'msg-4', 'msg-5', 'msg-6']);
  });

  it('waits for the first event of an empty relay', async () => {
    const { code, printed } = await follow([async () => {}, () => write(desk.world, A, event(1))]);
    expect([code, printed]).toEqual([0, [['msg-1']]]);
  });

  it('of a thread takes in messages that are sent to it meanwhile', async () => {
    const { printed } = await follow(
      [
        () => write(desk.world, A, event(1, { event: 'sent', to: ['bob'], bytes: 1, thread_id: 'deploys' }), event(2)),
        () => write(desk.world, B, event(3, { id: 'msg-1' })),
      ],
      { thread: 'deploys' },
    );
    expect(printed.flat()).toEqual(['msg-1', 'msg-1']);
  });

  const sent = (seconds: number, id: string, thread_id = 'deploys') =>
    event(seconds, { event: 'sent', id, to: ['bob'], bytes: 1, thread_id });
  const shown = (seconds: number, id: string) => event(seconds, { event: 'shown', id, by: 'peek' });

  it('of a thread prints once what a quick reader noted before the sending was, in one look, the next, and the first', async () => {
    await write(desk.world, B, shown(-1, 'msg-old'), shown(0, 'msg-a'), shown(0, 'msg-other'));
    const { printed } = await follow(
      [
        () => write(desk.world, A, sent(1, 'msg-a'), sent(1, 'msg-other', 'lunch'), sent(1, 'msg-old')),
        async () => {
          await write(desk.world, B, shown(2, 'msg-b'), shown(3, 'msg-c'));
          await write(desk.world, A, sent(3, 'msg-b'));
        },
        () => write(desk.world, A, sent(4, 'msg-c'), event(5, { id: 'msg-c' })),
        async () => {},
      ],
      { thread: 'deploys' },
    );
    expect(printed).toEqual([
      ['msg-a', 'msg-a', 'msg-old'],
      ['msg-b', 'msg-b'],
      ['msg-c', 'msg-c', 'msg-c'],
    ]);
  });

  it('of a name that nobody has says so, and waits for it', async () => {
    const unknown = await follow([async () => {}], { agent: 'nobody', json: false });
    expect(unknown).toMatchObject({ code: 0, looks: 2, said: 'No agent nobody is known here; who lists them.\n' });
  });

  it('ends with 0 when nobody reads any more', async () => {
    await write(desk.world, A, event(1));
    const steps = [2, 3, 4].map((seconds) => () => write(desk.world, A, event(seconds)));
    expect(await follow(steps, { readers: 2 })).toMatchObject({ code: 0, printed: [['msg-1'], ['msg-2']], looks: 2 });
  });
});
