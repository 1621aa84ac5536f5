/** What must hold of the names in `[worker] autospawn`: each stands for something that can be run. */
import { quoteName } from '../model/agent-id.js';
import { LANES } from '../model/executor.js';
import { findNearest } from './nearest.js';
import type { ExecutorValues, Values } from './schema.js';
import type { Fault } from './verdict.js';

/** A fault for each name without an executor; `lanes` needs lanes where no executor is called so. */
export function autospawnFaults(values: Values, executors: ReadonlyMap<string, ExecutorValues>): Fault[] {
  const names = values['worker.autospawn'] ?? [];
  const known = [...executors.keys(), ...(values['lanes.argv'] === undefined ? [] : [LANES])];
  return names.flatMap((name, index): Fault[] => {
    if (known.includes(name)) return [];
    return [{ index, message: `${quoteName(name)} is nothing that can be run. ${remedyFor(name, known)}` }];
  });
}

function remedyFor(name: string, known: readonly string[]): string {
  if (name === LANES) return 'Write argv in [lanes], or leave it out.';
  const nearest = findNearest(name, known);
  if (nearest !== undefined) return `Did you mean ${JSON.stringify(nearest)}?`;
  return `Write [executors.${/^[a-z0-9_-]{1,64}$/.test(name) ? name : '<agent>'}], or leave it out.`;
}
