/** What a hook answers: a notice where there is news for its session at that moment, else nothing at all. */
import type { Candidate } from '../relay/mail.js';
import type { MessageName } from '../relay/message-name.js';
import { judgeWorth } from '../relay/worth.js';
import type { HookInput } from './input.js';
import { isMemoryName, remember } from './memory.js';
import { describeNotice } from './notice.js';
import type { Office, Window } from './office.js';
import type { HookEvent } from './shapes.js';
import { afterTelling, newsAmong } from './told.js';
import { findKept, findUnread, readAddress } from './waiting.js';

// Each time another hook of the session has told something meanwhile.
const TRIES = 3;

/**
 * The JSON for the client, undefined for silence. Each message is told once in each way (see told.ts), and a turn is made to go
 * on at most once for it. Marks nothing as read.
 * @throws DispatchError what the store throws.
 */
export async function answerHook(
  office: Office,
  window: Window,
  event: HookEvent,
  input: HookInput,
): Promise<string | undefined> {
  if (input.isSubagent || event.moment === 'end') return undefined;
  // A turn that goes on because a hook has made it goes on once.
  if (event.moment === 'stop' && (input.isContinuation || window.wakeOn === 'none')) return undefined;
  for (let tries = 0; tries < TRIES; tries++) {
    const outcome = await attempt(office, window, event, input);
    if (outcome !== 'again') return outcome;
  }
  return undefined;
}

async function attempt(
  office: Office,
  window: Window,
  { moment, show }: HookEvent,
  { sessionId, prompt }: HookInput,
): Promise<string | undefined | 'again'> {
  const { agent, session, since } = window;
  const waiting = await findUnread(office, agent);
  const owner = sessionId !== undefined && isMemoryName(sessionId) ? sessionId : session;
  // Without a name for the session nothing can be remembered: then only what comes seldom speaks.
  if (owner === undefined && (moment === 'step' || moment === 'stop')) return undefined;
  if (waiting.length === 0 && moment !== 'start' && moment !== 'prompt') return undefined;

  const memory = owner === undefined ? undefined : await remember(office.store, agent, owner);
  const told = memory?.told ?? { prompt: [], step: [], stop: [], kept: false };
  const ids = waiting.map(({ name }) => name.id);
  const fresh = new Set(newsAmong(ids, told, moment));
  // A doorbell is a prompt, and has named them.
  const named = moment === 'prompt' ? ids.filter((id) => fresh.has(id) && prompt.includes(id)) : [];
  const untold = waiting.filter(({ name }) => fresh.has(name.id) && !named.includes(name.id));
  // To start a turn is for the mail that the operator has said; to mention mail in one costs a few words.
  const news = (moment === 'stop' ? await worthATurn(office, window, untold) : untold).map(({ name }) => name);
  const kept = await keptFor(office, agent, moment, told.kept || memory === undefined ? undefined : since);
  const isSilent = news.length === 0 && kept.length === 0;
  if (isSilent && named.length === 0) return undefined;
  const after = afterTelling(told, moment, [...news.map(({ id }) => id), ...named], ids);
  if (memory !== undefined && !(await memory.replace(after))) return 'again';
  if (isSilent) return undefined;
  return JSON.stringify(show(describeNotice({ agent, news, unread: waiting.length, kept })));
}

/**
 * What was read and not acknowledged is named where the model no longer knows of it: at a start, and with the first prompt of a
 * session whose start came before its server could be found, then only what was read before it began.
 */
async function keptFor(
  office: Office,
  agent: string,
  moment: HookEvent['moment'],
  since: string | undefined,
): Promise<MessageName[]> {
  if (moment === 'start') return findKept(office, agent);
  if (moment === 'prompt' && since !== undefined) return findKept(office, agent, Date.parse(since));
  return [];
}

/** What of `untold` the operator lets a turn be started for. Of very much mail to all, none. */
async function worthATurn(
  office: Office,
  { agent, wakeOn }: Window,
  untold: readonly Candidate[],
): Promise<readonly Candidate[]> {
  if (wakeOn !== 'direct' && wakeOn !== 'urgent') return untold;
  const { passedOver, unfinished } = await judgeWorth(wakeOn, untold, (one) => readAddress(office, agent, one));
  return unfinished ? [] : untold.filter(({ name }) => !passedOver.has(name.core));
}
