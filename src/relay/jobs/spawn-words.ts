/** How it stands with the workers that are started by themselves, in words for people and models. No words of an agent. */
import { FAILURES_TO_BREAK, MOST_STARTS, type Spawns, type Standing } from './spawn-rules.js';

/** `breaker open until 2026-02-17T21:00:00Z: 3 starts failed in a row` */
export function standingText(standing: Standing, { failures }: Pick<Spawns, 'failures'>): string {
  switch (standing.state) {
    case 'idle':
      return failures === 0 ? 'idle' : `idle, after ${failed(failures)}`;
    case 'starting':
      return 'starting';
    case 'running':
      return `running (pid ${standing.worker.pid})`;
    case 'pause':
      return `cooldown until ${timeOf(standing.until)}${failures === 0 ? '' : `, after ${failed(failures)}`}`;
    case 'ceiling':
      return `ceiling: ${MOST_STARTS} starts in an hour, the next one at ${timeOf(standing.until)}`;
    case 'breaker':
      return `breaker open until ${timeOf(standing.until)}: ${Math.max(failures, FAILURES_TO_BREAK)} starts failed in a row`;
  }
}

function failed(failures: number): string {
  return failures === 1 ? 'a start that failed' : `${failures} starts that failed`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
