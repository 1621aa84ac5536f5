/** `who`: the agents that can be written to, live ones with their sessions, and the topics. */
import os from 'node:os';
import path from 'node:path';
import { forTerminal } from '../model/text.js';
import { parseTopic } from '../model/topic.js';
import { wakeText } from '../relay/listening.js';
import type { Attendance } from '../relay/roll-call.js';
import { type Context, type Define, JSON_OPTION, remark, report } from './command.js';
import { EXIT } from './exit-code.js';
import { ageOf, agoOf, table } from './layout.js';
import { type TopicSize, topicSizes, topicTable, whoOfTopic } from './who-topic.js';
import {
  autospawnOf,
  autospawnText,
  awaitingText,
  type WorkersOf,
  workersJson,
  workersOf,
  workerTable,
} from './who-workers.js';

export const defineWho: Define = (program, choose) => {
  program
    .command('who')
    .summary('list the agents, live and offline, the workers, and the topics')
    .description(
      'Lists the live agents with their sessions, the offline ones that are known or have mail waiting, the workers that do jobs, and the topics with how many members they have. Says how many jobs wait for you.',
    )
    .option('--topic <name>', 'the members of this topic, with their roles')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExit code 3 when no agent is known yet, or the topic has no members.')
    .action((options: { json?: boolean; topic?: string }) => {
      if (options.topic === undefined) return choose(who, options);
      const topic = parseTopic(options.topic);
      choose((context) => whoOfTopic(context, topic), options);
    });
};

async function who(context: Context): Promise<number> {
  const { relay, config } = await context.open();
  const attendance = await relay.rollCall.take();
  const live = attendance.filter(({ sessions }) => sessions.length > 0);
  const offline = attendance.filter(({ sessions }) => sessions.length === 0);
  const topics = await topicSizes(relay);
  const workers = await workersOf(relay);
  const awaiting = await relay.jobs.person.count();
  const autospawn = await autospawnOf(relay);
  const now = relay.clock.now();
  const answer = {
    relay: relay.store.location,
    agents: live.map(({ agent, sessions, unread, listening, reason }) => ({
      agent_id: agent,
      listening,
      listening_reason: reason,
      sessions: sessions.map(({ session: _, ...shown }) => shown),
      unread,
    })),
    known: offline.map(({ agent, unread, servedAt, listening, reason }) => ({
      agent_id: agent,
      listening,
      listening_reason: reason,
      unread,
      last_seen: servedAt === undefined ? null : new Date(servedAt).toISOString(),
    })),
    topics,
    workers: workersJson(workers),
    parked_jobs: awaiting.recovery,
    awaiting_person: awaiting,
    ...(Object.keys(autospawn).length === 0 ? {} : { autospawn }),
    count: live.length,
  };
  await report(context, answer, () => [
    ...(config.scope === 'project' ? [`Relay: ${forTerminal(relay.store.location, 500)}`, ''] : []),
    ...lines({ live, offline, workers, topics }, context, now),
    ...autospawnText(autospawn),
    ...awaitingText(awaiting, context.terminal.style),
  ]);
  if (attendance.length + topics.length + workers.length + awaiting.review + awaiting.recovery > 0) return EXIT.done;
  remark(context, `No agent is known in ${relay.store.location} yet.`);
  return EXIT.nothing;
}

interface Found {
  readonly live: readonly Attendance[];
  readonly offline: readonly Attendance[];
  readonly workers: readonly WorkersOf[];
  readonly topics: readonly TopicSize[];
}

function lines({ live, offline, workers, topics }: Found, context: Context, now: number): string[] {
  const { style } = context.terminal;
  const tables: string[][] = [];
  if (live.length > 0) {
    const rows = live.flatMap(({ agent, sessions, unread, listening, reason }) =>
      sessions.map(({ client, pid, since, cwd, wake }, index) => [
        agent,
        client === undefined ? '-' : forTerminal(`${client.name} ${client.version}`, 40),
        String(pid),
        ageOf(Date.parse(since), now),
        // Mail is the agent's, not the session's, and so is who reads it: said once.
        index === 0 ? String(unread) : '',
        index === 0 ? `${listening}: ${reason}` : '',
        wakeText(wake) ?? '-',
        cwd === undefined ? '-' : forTerminal(shortened(cwd), 200),
      ]),
    );
    tables.push(table([['LIVE', 'CLIENT', 'PID', 'SINCE', 'UNREAD', 'LISTENING', 'WAKE', 'DIRECTORY'], ...rows]));
  }
  if (offline.length > 0) {
    const rows = offline.map(({ agent, unread, servedAt, listening, reason }) => [
      agent,
      String(unread),
      servedAt === undefined ? 'never' : agoOf(servedAt, now),
      // Why not is said by the columns beside it.
      listening === 'no' ? 'no' : `${listening}: ${reason}`,
    ]);
    tables.push(table([['OFFLINE', 'UNREAD', 'LAST SEEN', 'LISTENING'], ...rows]));
  }
  if (workers.length > 0) tables.push(workerTable(workers, now));
  if (topics.length > 0) tables.push(topicTable(topics));
  return tables.flatMap(([head = '', ...rows], index) => [...(index === 0 ? [] : ['']), style.bold(head), ...rows]);
}

function shortened(directory: string): string {
  const home = os.homedir();
  return directory === home || directory.startsWith(home + path.sep) ? `~${directory.slice(home.length)}` : directory;
}
