/** Who holds a name: what the record of the name says of its process, believed as far as that can be checked. */
import * as z from 'zod/v4';
import { lazy } from '../model/lazy.js';
import type { Liveness, Processes } from '../store/processes.js';

export const holderSchema = lazy(() =>
  z.object({
    session: z.string(),
    pid: z.number().int(),
    host: z.string(),
    boot: z.string().optional(),
    namespace: z.string().optional(),
    start: z.string().optional(),
  }),
);
export type Holder = z.output<ReturnType<typeof holderSchema>>;

export function livenessOf(processes: Processes, { boot, namespace, start, pid, host }: Holder): Liveness {
  return processes.check({
    pid,
    host,
    ...(boot === undefined ? {} : { boot }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(start === undefined ? {} : { start }),
  });
}
