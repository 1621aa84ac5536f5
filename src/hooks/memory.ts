/**
 * What was announced in a session, so that each message is announced once in each way. A hook is a new process each time, so
 * this is kept in the relay:
 *
 *     .hooks/bob/4ce7a9b8-....3
 *                session      how often it was written
 *
 * It is replaced by creating the next number, which one of several hooks at a time can do. It only spares a reader repetitions:
 * lost or wrong, a message is announced twice.
 */
import { hooksKey } from '../relay/keys.js';
import type { Store } from '../store/store.js';
import { parseMemory, type Told } from './told.js';

const NAME = /^([A-Za-z0-9_-]{1,128})\.(\d{1,9})$/;
const MAX_BYTES = 4 * 1024 * 1024;

export interface Remembered {
  readonly told: Told;
  /** Replaces it. False when another hook has done so meanwhile. */
  replace(told: Told): Promise<boolean>;
}

/** True for what a client may call its session, and the memory can be kept under. */
export function isMemoryName(session: string): boolean {
  return NAME.test(`${session}.0`);
}

/** What was announced to `session` of `agent`; empty for a session that is new. */
export async function remember(store: Store, agent: string, session: string): Promise<Remembered> {
  const names = (await store.list(hooksKey(agent))).flatMap((name) => {
    const [, owner, number] = NAME.exec(name) ?? [];
    return owner === session ? [{ name, number: Number(number) }] : [];
  });
  const newest = names.reduce<number>((most, { number }) => Math.max(most, number), 0);
  const read = newest === 0 ? undefined : await store.read(hooksKey(agent, `${session}.${newest}`), MAX_BYTES);
  return {
    told: parseMemory(read?.ok === true ? read.bytes : undefined),
    replace: async (told) => {
      const next = hooksKey(agent, `${session}.${newest + 1}`);
      if (!(await store.create(next, JSON.stringify(told), { durable: false }))) return false;
      await store.removeAll(
        names.map(({ name }) => hooksKey(agent, name)),
        { durable: false },
      );
      return true;
    },
  };
}
