import * as z from 'zod/v4';
import { wakeText } from '../../relay/listening.js';
import { type Attendance, rankOf } from '../../relay/roll-call.js';
import { cursor } from '../arguments.js';
import { defineTool } from '../tool.js';

// The newest ones say what there is to say, and one entry must always have room in a reply.
const MOST_SESSIONS = 5;
const MOST_PATH_CHARACTERS = 200;

export const who = defineTool({
  name: 'who',
  title: 'List agents',
  description:
    'Lists the agents that dispatch can reach: under agents those with a live session (client, pid, working directory, since when, unread messages), under known those that are offline, with what waits for them. ' +
    'listening (yes, no, unknown) says whether anybody is there to read mail soon, listening_reason why. ' +
    'Returns self, your own id, identity (id, roster or project: what it comes from), and relay, where the mail is kept.',
  input: z.strictObject({
    cursor: cursor(/^[0-2]\.[a-z0-9_-]{1,64}$/)
      .optional()
      .describe('next_cursor of the answer before, when there were more agents than one answer holds.'),
  }),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  alwaysLoad: false,
  piggyback: true,

  async handle(args, { relay, session, reply }) {
    const { naming } = session;
    reply.set('self', session.agent).set('identity', naming.by);
    if (naming.by === 'project') reply.set('project', shortened(naming.project));
    reply.set('relay', relay.store.location);
    // Whoever asks is in the list, even if the relay was removed a moment ago.
    await session.begin(true);
    const attendance = (await relay.rollCall.take()).filter(
      (one) => args.cursor === undefined || cursorOf(one) > args.cursor,
    );
    const live = reply.list('agents');
    const offline = reply.list('known');
    let last: Attendance | undefined;
    let shown = 0;
    for (const one of attendance) {
      const [list, entry] = one.sessions.length > 0 ? [live, showLive(one)] : [offline, showOffline(one)];
      if (!list.has(entry)) break;
      list.add(entry);
      last = one;
      shown++;
    }
    if (live.length === 0) reply.setAlways('agents', []);
    reply.setAlways('count', live.length);
    const more = attendance.length - shown;
    if (more > 0 && last !== undefined) reply.set('more_agents', more).set('next_cursor', cursorOf(last));
  },
});

/** Sorts as the list does, and holds when agents come and go between two pages. */
function cursorOf(one: Attendance): string {
  return `${rankOf(one)}.${one.agent}`;
}

function showLive({ agent, sessions, unread, listening, reason }: Attendance): object {
  return {
    agent_id: agent,
    listening,
    listening_reason: reason,
    sessions: sessions.slice(-MOST_SESSIONS).map(({ client, pid, cwd, since, wake }) => ({
      ...(client === undefined ? {} : { client: { name: client.name, version: client.version } }),
      pid,
      ...(cwd === undefined ? {} : { cwd: shortened(cwd) }),
      since,
      ...(wake === undefined ? {} : { wake: wakeText(wake) }),
    })),
    ...(sessions.length > MOST_SESSIONS ? { older_sessions: sessions.length - MOST_SESSIONS } : {}),
    unread,
  };
}

function showOffline({ agent, unread, servedAt, listening, reason }: Attendance): object {
  return {
    agent_id: agent,
    listening,
    listening_reason: reason,
    unread,
    ...(servedAt === undefined ? {} : { last_seen: new Date(servedAt).toISOString() }),
  };
}

function shortened(path: string): string {
  return path.length <= MOST_PATH_CHARACTERS ? path : `...${path.slice(3 - MOST_PATH_CHARACTERS)}`;
}
