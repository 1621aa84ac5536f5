/** Gives up an agent that nobody will serve again: its inbox, its topics, and its name among those that `all` reaches. */
import { DispatchError } from '../model/errors.js';
import type { Ending } from './endings.js';
import { AGENTS, agentKey, endedKey, inboxKey, readKey, takenBy, takenKey } from './keys.js';
import { type Held, surveyMail } from './mailbox.js';
import type { Relay } from './relay.js';
import { wasShown } from './was-shown.js';

export interface Forgotten {
  readonly agent: string;
  /** What was given up with it; empty unless that was asked for. */
  readonly dropped: readonly Dropped[];
  /** The topics that it was a member of, without their mark. */
  readonly topics: readonly string[];
}

export interface Dropped {
  readonly id: string;
  readonly from: string;
  readonly standing: Held['standing'];
}

/**
 * 1. Refuse for an agent that is live, and, without `drop`, for one with mail that has not expired.
 * 2. Set aside what is broken, as the agent's own session would: it is kept, in the quarantine.
 * 3. End every message: `refused`, or `expired` where it had. Never `acked`: nobody dealt with it.
 * 4. When each sender has its receipt, remove the folders, then its memberships, then the name.
 * Cut short anywhere, it can be done again; no message is gone without its receipt.
 *
 * @throws DispatchError `AGENT_IS_LIVE`, `INBOX_NOT_EMPTY`, `NOT_FOUND` before any effect; `STORE_UNAVAILABLE` when a message
 * could not be ended, or a receipt not be written, with the name kept; `INBOX_NOT_EMPTY` also when something is left at the end, with the name kept.
 */
export async function forgetAgent(relay: Relay, agent: string, { drop = false } = {}): Promise<Forgotten> {
  const { store, endings } = relay;
  await assertNotLive(relay, agent);
  const isThere = (await store.list('')).includes(agent) || (await store.list(AGENTS)).includes(agent);
  if (!isThere && !(await relay.topics.areJoinedBy(agent)) && !(await relay.slots.has(agent))) {
    throw new DispatchError(
      'NOT_FOUND',
      `There is no agent ${agent} to forget: it has no inbox, is in no topic, and was never served.`,
      {
        id: agent,
      },
    );
  }
  const waiting = (await surveyMail(relay, agent)).filter(({ expired }) => !expired).length;
  if (waiting > 0 && !drop) throw notEmpty(agent, waiting);

  await relay.mail.scan(agent, true);
  const held = await surveyMail(relay, agent);
  // Looked at again as late as can be: a session that began meanwhile would show what is being given up.
  await assertNotLive(relay, agent);
  const ending: (Ending & Held)[] = [];
  for (const one of held) {
    const was = await wasShown(store, one.key, one.name);
    ending.push({ ...one, state: one.expired ? 'expired' : 'refused', was });
  }
  const ended = await endings.endOpen(agent, ending);
  const over = ending.filter((_, index) => ended[index]);
  await relay.events.note(
    ...over.map(({ expired, name: { id, from }, was }) => {
      return { event: expired ? ('expired' as const) : ('dropped' as const), id, from, to: agent, was };
    }),
  );
  if (!(await endings.finish(agent))) {
    const why = `The mail of ${agent} was given up, and the receipts for its senders cannot be written now. Forget it again later.`;
    throw new DispatchError('STORE_UNAVAILABLE', why, { outcome: 'unknown' });
  }
  await pruneFolders(relay, agent);
  const left = (await store.list(inboxKey(agent))).length;
  if (left > 0) {
    throw new DispatchError(
      'INBOX_NOT_EMPTY',
      `The inbox of ${agent} still holds something: mail that arrived just now, or files that are no mail. Look into ${agent}/ in ${store.location}, and forget it again.`,
      { agent, messages: left },
    );
  }
  const topics = await relay.topics.leaveAll(agent);
  await relay.slots.forget(agent);
  await store.remove(agentKey(agent));
  const dropped = over
    .filter(({ expired }) => !expired)
    .map(({ name, standing }) => ({ id: name.id, from: name.from, standing }));
  return { agent, dropped, topics };
}

async function assertNotLive({ presence }: Relay, agent: string): Promise<void> {
  if (!(await presence.isLive(agent))) return;
  throw new DispatchError(
    'AGENT_IS_LIVE',
    `${agent} has a live session. Close it first; \`who\` shows where it runs.`,
    {
      agent,
    },
  );
}

function notEmpty(agent: string, messages: number): DispatchError {
  const what = messages === 1 ? '1 message that is' : `${messages} messages that are`;
  return new DispatchError(
    'INBOX_NOT_EMPTY',
    `The mail of ${agent} holds ${what} not acknowledged. \`inbox ${agent}\` shows what; \`forget ${agent} --drop\` gives it up, and tells the senders that it was refused.`,
    { agent, messages },
  );
}

async function pruneFolders({ store }: Relay, agent: string): Promise<void> {
  for (const session of await store.list(takenKey(agent))) await store.prune(takenBy(agent, session));
  for (const folder of [takenKey(agent), readKey(agent), endedKey(agent), inboxKey(agent)]) await store.prune(folder);
}
