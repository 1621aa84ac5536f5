/** What is kept of the workers that servers start, as JSON: one record for each name in `[worker] autospawn`. */
import * as z from 'zod/v4';
import { isSessionId } from '../../model/ids.js';
import { lazy } from '../../model/lazy.js';
import { MOST_STARTS, type Spawns } from './spawn-rules.js';

const schema = lazy(() => {
  const time = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
  return z.object({
    starts: z.array(time).max(MOST_STARTS),
    failures: z.number().int().min(0),
    broken_at: time.nullable(),
    last: z
      .object({
        id: z.string().refine(isSessionId),
        at: time,
        state: z.enum(['starting', 'running', 'ended']),
        worker: z
          .object({
            pid: z.number().int(),
            host: z.string(),
            boot: z.string().optional(),
            namespace: z.string().optional(),
            start: z.string().optional(),
          })
          .nullable(),
        worked: z.boolean(),
      })
      .nullable(),
    failure: z.object({ at: time, why: z.string().max(500) }).nullable(),
    refused: z.enum(['pause', 'ceiling', 'breaker']).nullable(),
  });
});

/** Undefined for what is no such record. */
export function parseSpawns(value: Uint8Array): Spawns | undefined {
  try {
    const parsed = schema().safeParse(JSON.parse(Buffer.from(value).toString('utf8')));
    return parsed.success ? (parsed.data as Spawns) : undefined;
  } catch {
    return undefined;
  }
}

export function serializeSpawns(spawns: Spawns): string {
  return JSON.stringify(spawns);
}
