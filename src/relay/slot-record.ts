/** What stands in the record of a slot. */
import * as z from 'zod/v4';
import { lazy } from '../model/lazy.js';
import { holderSchema } from './holder.js';
import { MOST_ALIASES } from './session-record.js';

const slotRecord = lazy(() =>
  z.object({
    /** The top folder of the project that the name belongs to. */
    project: z.string(),
    /** What the client of the last session called itself. What only helps to choose is no reason to disbelieve the rest. */
    client: z.string().max(64).optional().catch(undefined),
    /** What that client called the session; empty where it says nothing of the kind. */
    client_sessions: z.array(z.string().max(128)).max(MOST_ALIASES).catch([]).default([]),
    /** Kept by a person for the next new session of the project. */
    adopted: z.boolean().catch(false).default(false),
    /** Absent when the last session has ended. */
    holder: holderSchema().optional(),
  }),
);
export type SlotRecord = z.output<ReturnType<typeof slotRecord>>;

/** Undefined for what is none. */
export function parseSlot(value: Uint8Array): SlotRecord | undefined {
  try {
    return slotRecord().parse(JSON.parse(Buffer.from(value).toString('utf8')));
  } catch {
    return undefined;
  }
}
