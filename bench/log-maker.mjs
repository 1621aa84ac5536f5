/** Fills the event log faster than living could. Events are written by the code of src/, to logs held in memory first. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleSource } from './source-bundle.mjs';

const SOURCE = `
  export { newMessageId } from './src/model/ids.ts';
  export { EventLog } from './src/relay/events.ts';
  export { linesOf } from './src/store/log-record.ts';
`;
const DAYS = 30;
const WRITERS_A_DAY = 8;
const DAY_MS = 24 * 60 * 60 * 1000;
const EVENTS_A_MESSAGE = 3;

/**
 * Writes a log of at least `events` events into `relay`: the lives of messages of alice to bob, each sent, shown and acknowledged,
 * spread over the days that a log is kept and over the processes of each day.
 * @returns {Promise<{ files: string[], events: number, id: string }>} with the id of a message in its middle
 */
export async function makeLog(temp, relay, events) {
  const { EventLog, linesOf, newMessageId } = await import(
    pathToFileURL(await bundleSource(temp, 'log-source', SOURCE)).href
  );
  const messages = Math.ceil(events / EVENTS_A_MESSAGE / DAYS / WRITERS_A_DAY);
  const firstDay = Math.floor(Date.now() / DAY_MS) - DAYS;
  const made = { files: [], events: messages * EVENTS_A_MESSAGE * DAYS * WRITERS_A_DAY, id: '' };
  for (let day = 0; day < DAYS; day++) {
    for (let writer = 0; writer < WRITERS_A_DAY; writer++) {
      let now = (firstDay + day) * DAY_MS;
      const lines = [];
      let file;
      const append = (log, ...records) => {
        file = path.join(relay, ...log.split('/'));
        lines.push(linesOf(records));
      };
      const log = new EventLog({ append }, { now: () => now }, DAYS * DAY_MS, false);
      for (let message = 0; message < messages; message++) {
        const parties = { id: newMessageId(), from: 'alice', to: 'bob' };
        const middle = day === DAYS / 2 && writer === 0 && message === Math.floor(messages / 2);
        if (middle) made.id = parties.id;
        now += Math.floor(DAY_MS / messages / 2);
        await log.note(
          { event: 'sent', ...parties, to: ['bob'], bytes: 412 },
          { event: 'shown', ...parties, by: 'peek' },
          { event: 'acked', ...parties, was: 'read' },
        );
      }
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, lines.join(''), { mode: 0o600, flag: 'wx' });
      made.files.push(file);
    }
  }
  return made;
}
