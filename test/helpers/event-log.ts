/** The event log as the tests write and read it. */
import type { LoggedEvent } from '../../src/relay/events.js';
import type { LogReader } from '../../src/relay/log-reader.js';
import type { RelayWorld } from './relay-world.js';

/** Names of writers: as a process makes them. */
export const WRITERS = ['a', 'b', 'c'].map((letter) => letter.repeat(20)) as [string, string, string];

/** An event `seconds` after START, which is 20:30 UTC. */
export function event(seconds: number, fields: Record<string, unknown> = {}): Record<string, unknown> {
  const at = new Date(Date.UTC(2026, 1, 17, 20, 30, seconds)).toISOString();
  return { at, event: 'acked', id: `msg-${seconds}`, from: 'alice', to: 'bob', was: 'read', ...fields };
}

/** Adds records as a process does. */
export async function write(world: RelayWorld, writer: string, ...records: object[]): Promise<void> {
  for (const record of records) {
    const day = 'at' in record ? String(record.at).slice(0, 10) : '2026-02-17';
    await world.memory.append(`.log/${day}/${writer}`, JSON.stringify(record));
  }
}

export async function all(batches: AsyncIterable<readonly LoggedEvent[]>): Promise<LoggedEvent[]> {
  const events: LoggedEvent[] = [];
  for await (const batch of batches) events.push(...batch);
  return events;
}

export async function idsOf(batches: AsyncIterable<readonly LoggedEvent[]>): Promise<(string | undefined)[]> {
  return (await all(batches)).map((each) => ('id' in each ? each.id : undefined));
}

/** All that is in the log, oldest first. */
export async function logOf({ log }: { log: LogReader }): Promise<LoggedEvent[]> {
  return all(log.since(new Map()));
}
