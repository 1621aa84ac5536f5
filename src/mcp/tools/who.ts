import * as z from 'zod/v4';
import { markTopic, parseTopic } from '../../model/topic.js';
import { standingText } from '../../relay/jobs/spawn-words.js';
import { wakeText } from '../../relay/listening.js';
import { type Attendance, type Member, type Place, rankOf } from '../../relay/roll-call.js';
import { cursor } from '../arguments.js';
import { jsonBytes } from '../reply.js';
import { defineTool, type ToolContext } from '../tool.js';

// The newest ones say what there is to say, and one entry must always have room in a reply.
const MOST_SESSIONS = 5;
const MOST_SPAWNS = 5;
const MOST_PATH_CHARACTERS = 200;
// Of a first page; the rest is for the agents.
const TOPICS_SHARE = 0.2;

export const who = defineTool({
  name: 'who',
  title: 'List agents',
  description:
    'Lists the agents that dispatch can reach: under agents those with a live session (client, pid, working directory, since when, unread messages), under known those that are offline, with what waits for them. ' +
    'listening (yes, no, unknown) says whether anybody is there to read mail soon, listening_reason why. ' +
    'Returns self, your own id, identity (id, roster or project: what it comes from), relay, where the mail is kept, and topics.',
  input: () =>
    z.strictObject({
      topic: z.string('must be a string').optional().describe('Lists the members of this topic, with their roles.'),
      cursor: cursor(/^[0-2]\.[a-z0-9_-]{1,64}$/)
        .optional()
        .describe('next_cursor of the answer before, when there were more agents than one answer holds.'),
    }),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  alwaysLoad: false,
  piggyback: true,

  async handle(args, context) {
    const { relay, session, reply } = context;
    if (args.topic !== undefined) return listMembers(parseTopic(args.topic), args.cursor, context);
    const { naming } = session;
    reply.set('self', session.agent).set('identity', naming.by);
    if (naming.by === 'project') reply.set('project', shortened(naming.project));
    reply.set('relay', relay.store.location);
    // Whoever asks is in the list, even if the relay was removed a moment ago.
    await session.begin(true);
    if (args.cursor === undefined) {
      await tellOfPerson(context);
      await tellAutospawn(context);
      await listTopics(context);
    }
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

/** How many jobs wait for a person; nothing where none does. */
async function tellOfPerson({ relay, reply }: ToolContext): Promise<void> {
  const { review, recovery, more } = await relay.jobs.person.count();
  if (review + recovery > 0) reply.set('awaiting_person', { review, recovery, ...(more ? { more } : {}) });
}

/** Topics that have members, in order of name. Only those are counted that have room: there can be thousands. */
async function listTopics({ relay: { topics }, session, reply }: ToolContext): Promise<void> {
  const list = reply.list('topics');
  const names = await topics.names();
  let left = Math.trunc(reply.maxBytes * TOPICS_SHARE);
  let looked = 0;
  for (; looked < names.length; looked++) {
    const topic = names[looked] as string;
    const members = await topics.listed(topic);
    if (members.length === 0) continue;
    const member = members.includes(session.agent);
    const entry = { topic: markTopic(topic), members: members.length, ...(member ? { member } : {}) };
    left -= jsonBytes(entry) + 1;
    if (left < 0 || !list.has(entry)) break;
    list.add(entry);
  }
  if (looked < names.length) reply.set('topics_more', names.length - looked);
}

/** Of the workers that servers start by themselves, those of which there is something to say. */
async function tellAutospawn({ relay: { jobs }, reply }: ToolContext): Promise<void> {
  // What cannot be read is for doctor to tell.
  const told = (await jobs.autospawn?.told().catch(() => [])) ?? [];
  if (told.length === 0) return;
  const texts = told
    .slice(0, MOST_SPAWNS)
    .map(({ target, standing, spawns }) => [target.name, standingText(standing, spawns)]);
  reply.set('autospawn', Object.fromEntries(texts));
  if (told.length > MOST_SPAWNS) reply.set('autospawn_more', told.length - MOST_SPAWNS);
}

async function listMembers(topic: string, cursor: string | undefined, context: ToolContext): Promise<void> {
  const { relay, session, reply } = context;
  reply.set('self', session.agent).set('topic', markTopic(topic));
  const places = await relay.rollCall.places(topic);
  const rest = places.filter((place) => cursor === undefined || placeOf(place) > cursor);
  const members = reply.list('members');
  let last: Place | undefined;
  let looked = 0;
  for (const place of rest) {
    const member = await relay.rollCall.member(topic, place.agent);
    if (member !== undefined) {
      const entry = showMember(member);
      if (!members.has(entry)) break;
      members.add(entry);
    }
    last = place;
    looked++;
  }
  if (members.length === 0) reply.setAlways('members', []);
  reply.setAlways('count', places.length);
  if (places.length === 0) reply.set('note', `${markTopic(topic)} has no members. who without topic lists the topics.`);
  const more = rest.length - looked;
  if (more > 0 && last !== undefined) reply.set('more_members', more).set('next_cursor', placeOf(last));
}

function placeOf({ rank, agent }: Place): string {
  return `${rank}.${agent}`;
}

function showMember({ agent, role, sessions, unread, listening, reason, servedAt }: Member): object {
  return {
    agent_id: agent,
    ...(role === undefined ? {} : { role }),
    live: sessions.length > 0,
    listening,
    listening_reason: reason,
    unread,
    ...(sessions.length > 0 || servedAt === undefined ? {} : { last_seen: new Date(servedAt).toISOString() }),
  };
}

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
