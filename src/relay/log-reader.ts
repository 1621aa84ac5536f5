/**
 * Reads the event log. Looking marks nothing: where a reader stands is the reader's own cursor.
 *
 * A log file is what one process noted on one day. Days are read one after the other, the files of a day merged by time.
 * Events come in batches of any size. Torn records, events not known here, planted files and files that cannot be read are passed over.
 */

import type { Clock } from '../model/clock.js';
import type { LoggedEvent } from './events.js';
import { type Block, blocksBack, blocksFrom, endOf, type LogStore } from './log-blocks.js';
import { listDays, listLogs } from './log-listing.js';
import { merge, type Placed, Run } from './log-merge.js';
import { parseRecord } from './logged-event.js';

/** How far each log has been read, by its key. What is not in it has not been read at all. */
export type Cursor = Map<string, number>;

const NEWLINE = 10;
const DAY_MS = 24 * 60 * 60 * 1000;
// Many logs are open at once while they are merged.
const MERGE_PART_BYTES = 64 * 1024;
// Of 64 KiB to 4 MiB the fastest: it stays in the processor's cache between being read and being searched.
const SEARCH_PART_BYTES = 256 * 1024;

export class LogReader {
  constructor(
    private readonly store: LogStore,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** A cursor behind everything that is there now. */
  async end(): Promise<Cursor> {
    const cursor: Cursor = new Map();
    for (const day of await listDays(this.store)) {
      for (const log of await listLogs(this.store, day)) cursor.set(log, await endOf(this.store, log));
    }
    return cursor;
  }

  /**
   * What was noted behind `cursor`, which moves with each batch that is taken: who stops in between goes on there. An
   * incomplete last record is not passed over before it is complete, or another one follows. Of days that were over when the
   * cursor last moved only new logs are looked at: what a clock set back by more than a day adds to an old one is missed.
   */
  async *since(cursor: Cursor): AsyncGenerator<LoggedEvent[]> {
    const settled = this.#settledBefore(cursor);
    for (const day of await listDays(this.store)) {
      const logs = (await listLogs(this.store, day)).filter((log) => day >= settled || !cursor.has(log));
      const runs = logs.map((log) => new Run(this.#forward(log, cursor)));
      for await (const batch of merge(runs, 'earliest')) {
        for (const { log, next } of batch) cursor.set(log, next);
        yield batch.map(({ event }) => event);
      }
    }
  }

  /** The latest event first, of what is before `end`. Reads no more of the log than is asked for. */
  async *newestFirst(end: Cursor): AsyncGenerator<LoggedEvent[]> {
    for (const day of (await listDays(this.store)).reverse()) {
      const runs = (await listLogs(this.store, day)).flatMap((log) => {
        const stop = end.get(log);
        return stop === undefined ? [] : [new Run(this.#backward(log, stop))];
      });
      for await (const batch of merge(runs, 'latest')) yield batch.map(({ event }) => event);
    }
  }

  /**
   * The events whose records hold `text` as JSON has it, in their order. Searches bytes and parses what it finds, so that
   * a million events take a tenth of a second; whoever calls looks where in the event it stands.
   */
  async *mentioning(text: string): AsyncGenerator<LoggedEvent[]> {
    // With its quotes, so that it is not found as a part of something longer.
    const needle = Buffer.from(JSON.stringify(text));
    for (const day of await listDays(this.store)) {
      const runs = (await listLogs(this.store, day)).map((log) => new Run(this.#matching(log, needle)));
      for await (const batch of merge(runs, 'earliest')) yield batch.map(({ event }) => event);
    }
  }

  /** The first day whose logs may have grown since the cursor moved. A day in the future tells nothing. */
  #settledBefore(cursor: Cursor): string {
    const today = new Date(this.clock.now()).toISOString().slice(0, 10);
    const newest = [...cursor.keys()]
      .map(dayOf)
      .filter((day) => day <= today)
      .sort()
      .at(-1);
    return newest === undefined ? '' : new Date(Date.parse(newest) - DAY_MS).toISOString().slice(0, 10);
  }

  async *#forward(log: string, cursor: Cursor): AsyncGenerator<Placed[]> {
    for await (const block of blocksFrom(this.store, log, cursor.get(log) ?? 0, MERGE_PART_BYTES)) {
      yield recordsOf(log, block);
    }
  }

  async *#backward(log: string, stop: number): AsyncGenerator<Placed[]> {
    for await (const block of blocksBack(this.store, log, stop, MERGE_PART_BYTES))
      yield recordsOf(log, block).reverse();
  }

  async *#matching(log: string, needle: Buffer): AsyncGenerator<Placed[]> {
    for await (const { bytes, start } of blocksFrom(this.store, log, 0, SEARCH_PART_BYTES)) {
      const found: Placed[] = [];
      for (let hit = bytes.indexOf(needle); hit !== -1; ) {
        const newline = bytes.indexOf(NEWLINE, hit);
        const end = newline === -1 ? bytes.length : newline;
        const { event } = parseRecord(bytes.toString('utf8', bytes.lastIndexOf(NEWLINE, hit) + 1, end));
        if (event !== undefined) found.push({ event, log, next: start + end });
        hit = bytes.indexOf(needle, end);
      }
      yield found;
    }
  }
}

/** The events of a block, in its order. */
function recordsOf(log: string, { bytes, start }: Block): Placed[] {
  const records: Placed[] = [];
  for (let from = 0; from < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, from);
    const end = newline === -1 ? bytes.length : newline;
    const { event } = end === from ? {} : parseRecord(bytes.toString('utf8', from, end));
    if (event !== undefined) records.push({ event, log, next: start + end });
    from = end + 1;
  }
  return records;
}

function dayOf(log: string): string {
  return log.split('/')[1] ?? '';
}
