/** Tells in a reply which names of the project have mail and nobody who reads it: a message to a closed window is not lost. */
import type { Waiting } from '../relay/slots.js';
import { jsonBytes } from './reply.js';
import type { ToolContext } from './tool.js';

// To look takes a file for each name of every project.
const LOOK_EVERY_MS = 5000;
const MOST_NAMES = 3;

export class UnservedNotices {
  // Of each name, how many messages the client was told of.
  #told: ReadonlyMap<string, number> = new Map();
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @param project its top folder; undefined where no agent is named after one. */
  constructor(private readonly project: () => string | undefined) {}

  /** Says it once, and again when more has arrived; up to 5 seconds late. Names and numbers only. */
  async say({ relay, reply }: Pick<ToolContext, 'relay' | 'reply'>): Promise<void> {
    const now = relay.clock.steady();
    if (now - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    const project = this.project();
    if (project === undefined) return;
    const waiting = await relay.slots.unserved(project);
    const news = waiting.filter(({ agent, unread }) => unread > (this.#told.get(agent) ?? 0));
    // What was read or given up meanwhile can become news again.
    this.#told = new Map(waiting.map(({ agent, unread }) => [agent, Math.min(unread, this.#told.get(agent) ?? 0)]));
    if (news.length === 0) return;
    const notice = describe(news);
    // Of a small reply most is for what was asked; the next one may have more room.
    if (jsonBytes(notice) > reply.room / 2) return;
    reply.notice(notice);
    reply.whenWritten(async () => {
      this.#told = new Map([...this.#told, ...news.map(({ agent, unread }) => [agent, unread] as const)]);
    });
  }
}

function describe(news: readonly Waiting[]): string {
  const [first, ...others] = news.slice(0, MOST_NAMES) as [Waiting, ...Waiting[]];
  const rest = others.map(({ agent, unread }) => `${unread} for ${agent}`);
  if (news.length > MOST_NAMES) rest.push(`more for ${news.length - MOST_NAMES} others`);
  const what = `${first.unread} ${first.unread === 1 ? 'message waits' : 'messages wait'} for ${first.agent}`;
  return `${[what, ...rest].join(', ')}: nobody serves that name now. It is for the user to run \`mcp-dispatch adopt ${first.agent}\` in this project; the next new session here is then ${first.agent}, and reads them.`;
}
