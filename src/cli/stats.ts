/** `stats`: what each agent sends and receives, how soon it looks, and what waits for it. */
import { type AgentStats, takeStats } from '../relay/stats.js';
import { type Context, type Define, JSON_OPTION, remark, report } from './command.js';
import { EXIT } from './exit-code.js';
import { ageOf, count, durationOf, momentOf, table } from './layout.js';

export const defineStats: Define = (program, choose) => {
  program
    .command('stats')
    .summary('show the figures of each agent')
    .description(
      'Shows for each agent, over the time that the event log is kept: messages sent, received, expired unread, and the median and 90th percentile (nearest rank) of the time from sending to first showing. From the mailboxes as they are now: the oldest unread message, how many are unread, and how many are read and not acknowledged. Of jobs, where there are any: those it gave to others, and those it completed and failed.',
    )
    .option(...JSON_OPTION)
    .addHelpText('after', '\nSHOWN AFTER is the median. Exit code 3 when the log is empty and no agent is known.')
    .action((options: { json?: boolean }) => choose(stats, options));
};

async function stats(context: Context): Promise<number> {
  const { relay } = await context.open();
  const { agents, events, since } = await takeStats(relay);
  const now = relay.clock.now();
  const answer = {
    relay: relay.store.location,
    events,
    since: since ?? null,
    agents: agents.map((one) => statsJson(one, now)),
  };
  const isEmpty =
    events === 0 &&
    agents.every(({ agent, unread, unacknowledged }) => agent === 'human' && unread + unacknowledged === 0);
  await report(context, answer, () => (isEmpty ? [] : lines(agents, context, now)));
  if (isEmpty) {
    remark(context, `Nothing is known in ${relay.store.location} yet.`);
    return EXIT.nothing;
  }
  const reach = since === undefined ? 'The event log is empty.' : `${count(events, 'event')} since ${momentOf(since)}.`;
  remark(context, `\n${reach}`);
  return EXIT.done;
}

function statsJson(stats: AgentStats, now: number): object {
  const { agent, sent, received, expiredUnread, shownAfter, unread, unacknowledged, oldestUnreadAt, jobs } = stats;
  return {
    agent_id: agent,
    sent,
    received,
    shown_after_ms:
      shownAfter === undefined ? null : { count: shownAfter.count, median: shownAfter.medianMs, p90: shownAfter.p90Ms },
    expired_unread: expiredUnread,
    unread,
    oldest_unread_seconds: oldestUnreadAt === undefined ? null : Math.max(0, Math.floor((now - oldestUnreadAt) / 1000)),
    unacknowledged,
    jobs,
  };
}

function lines(agents: readonly AgentStats[], { terminal }: Context, now: number): string[] {
  // Where there are no jobs, they take no room.
  const columns = agents.some(({ jobs }) => jobs.submitted + jobs.completed + jobs.failed > 0);
  const rows = agents.map((one) => [
    one.agent,
    String(one.sent),
    String(one.received),
    one.shownAfter === undefined ? '-' : durationOf(one.shownAfter.medianMs),
    one.shownAfter === undefined ? '-' : durationOf(one.shownAfter.p90Ms),
    String(one.expiredUnread),
    String(one.unread),
    one.oldestUnreadAt === undefined ? '-' : ageOf(one.oldestUnreadAt, now),
    String(one.unacknowledged),
    ...(columns ? [one.jobs.submitted, one.jobs.completed, one.jobs.failed].map(String) : []),
  ]);
  const [head = '', ...rest] = table([
    [
      ...['AGENT', 'SENT', 'RECEIVED', 'SHOWN AFTER', 'P90', 'EXPIRED UNREAD', 'UNREAD', 'OLDEST', 'UNACKED'],
      ...(columns ? ['JOBS GIVEN', 'COMPLETED', 'FAILED'] : []),
    ],
    ...rows,
  ]);
  return [terminal.style.bold(head), ...rest];
}
