/** The workers that `who` lists beside the agents, and how many jobs wait for a person. */
import { WRITES } from '../model/job.js';
import type { AwaitingPerson } from '../relay/jobs/person-list.js';
import { standingText } from '../relay/jobs/spawn-words.js';
import type { Worker } from '../relay/jobs/workers.js';
import type { Relay } from '../relay/relay.js';
import { ageOf, count, table } from './layout.js';
import type { Style } from './terminal.js';

/** Who does the jobs of an address; of a lane in lower case. */
export interface WorkersOf {
  readonly address: string;
  readonly workers: readonly Worker[];
}

/** Those that are not known to be dead, by address. */
export async function workersOf({ jobs }: Relay): Promise<WorkersOf[]> {
  const found = new Map<string, Worker[]>();
  for (const { address, worker, alive } of await jobs.workers.everywhere()) {
    if (alive) found.set(address, [...(found.get(address) ?? []), worker]);
  }
  return [...found].map(([address, workers]) => ({ address, workers }));
}

export function workersJson(found: readonly WorkersOf[]): object[] {
  return found.map(({ address, workers }) => ({
    address,
    concurrency: sum(workers, ({ concurrency }) => concurrency),
    takes_writes: WRITES.findLast((each) => workers.some(({ writes }) => writes === each)) ?? 'none',
    workers: workers.map(({ pid, since, writes, concurrency }) => ({ pid, since, takes_writes: writes, concurrency })),
  }));
}

/** One row a process: those of one address may differ in what they take. */
export function workerTable(found: readonly WorkersOf[], now: number): string[] {
  const rows = found.flatMap(({ address, workers }) =>
    workers.map(({ pid, since, writes, concurrency }) => [
      address,
      String(pid),
      ageOf(Date.parse(since), now),
      `${concurrency} at a time`,
      writes,
    ]),
  );
  return table([['WORKER FOR', 'PID', 'SINCE', 'JOBS', 'WRITES'], ...rows]);
}

/** What waits for a person, each kind in a line with the command for it. */
export function awaitingText({ review, recovery, more }: AwaitingPerson, style: Style): string[] {
  const least = more ? 'At least ' : '';
  const parked = `${least}${count(recovery, 'job')} ${recovery === 1 ? 'is' : 'are'} parked until you decide: mcp-dispatch jobs --state needs_recovery`;
  const reviews = `${least}${count(review, 'job')} ${review === 1 ? 'waits' : 'wait'} for your review: mcp-dispatch review list`;
  const lines = [...(recovery === 0 ? [] : [parked]), ...(review === 0 ? [] : [reviews])];
  return lines.length === 0 ? [] : ['', ...lines.map((line) => style.red(line))];
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** How it stands with those that servers start by themselves, by name; empty where that is nothing to speak of. */
export async function autospawnOf({ jobs }: Relay): Promise<Record<string, string>> {
  // What cannot be read is for doctor to tell.
  const told = (await jobs.autospawn?.told().catch(() => [])) ?? [];
  return Object.fromEntries(told.map(({ target, standing, spawns }) => [target.name, standingText(standing, spawns)]));
}

export function autospawnText(standings: Readonly<Record<string, string>>): string[] {
  const lines = Object.entries(standings).map(([name, text]) => `Started by itself, for ${name}: ${text}`);
  return lines.length === 0 ? [] : ['', ...lines];
}
