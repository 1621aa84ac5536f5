/** What a sender is told when a limit is met: which one, for whom, until when, and what else it can do. */
import { listNames } from '../../model/agent-id.js';
import { DispatchError } from '../../model/errors.js';
import type { TooMuch } from './pace.js';
import { keyOf, type Met, settingOf } from './settings.js';

/** For when nobody is left; `full` is never empty. */
export function inboxFull(full: readonly { readonly to: string; readonly met: Met }[], bytes: number): DispatchError {
  const met = full[0]?.met as Met;
  const names = full.map(({ to }) => to);
  const [whose, who] = names.length === 1 ? ['The inbox of', 'it is'] : ['The inboxes of', 'they are'];
  const neverFits = met.limit === 'inbox_bytes' && bytes > met.max;
  const what = met.limit === 'inbox_messages' ? `${met.max} messages` : `${met.max} bytes`;
  return new DispatchError(
    'INBOX_FULL',
    neverFits
      ? `Not sent, nothing was delivered. The message takes ${bytes} bytes, and no inbox holds more than ${met.max} (${settingOf(met)}). Shorten it, or write it to a file and send the path.`
      : `Not sent, nothing was delivered. ${whose} ${listNames(names)} cannot take the message: ${who} full at ${what} (${settingOf(met)}), read but unacknowledged mail included. Try again when mail there has been acknowledged; send less in the meantime, or write to "human" when it matters.`,
    { limit: keyOf(met.limit), max: met.max, to: names },
  );
}

export function sendsTooOften(from: string, met: Met, retryAt: number, now: number): DispatchError {
  const at = new Date(retryAt).toISOString();
  return new DispatchError(
    'RATE_LIMITED',
    `Not sent, nothing was delivered. ${from} has sent ${met.max} messages within a minute (${settingOf(met)}). The next one is accepted in ${untilThen(retryAt - now)}, at ${at}. Put several things into one message; one to "all" counts once.`,
    { limit: keyOf(met.limit), max: met.max, retryAt: at },
  );
}

export function saysTooMuch(met: Met, { group, retryAt }: TooMuch, now: number): DispatchError {
  const at = new Date(retryAt).toISOString();
  const where = group === undefined ? 'in this thread' : `outside of threads among ${listNames(group)}`;
  const lift = group === undefined ? 'writes in this thread' : 'writes to one of them';
  return new DispatchError(
    'RATE_LIMITED',
    `Not sent, nothing was delivered. Agents sent ${met.max} messages ${where} within an hour and without a word from the human (${settingOf(met)}), as a loop of answers would. The next one is accepted in ${untilThen(retryAt - now)}, at ${at}, or as soon as the human ${lift}. If the work needs more, write to "human", which is not limited by this.`,
    { limit: keyOf(met.limit), max: met.max, retryAt: at },
  );
}

/** A model has no clock: how long it is to wait, never less than it is. */
function untilThen(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  return seconds <= 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`;
}
