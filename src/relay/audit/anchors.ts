/** What the records of jobs say of the audit: each keeps the newest line of the process that changed it last. */
import { isDispatchError } from '../../model/errors.js';
import { isJobId, isSessionId } from '../../model/ids.js';
import type { Store } from '../../store/store.js';
import { jobKey } from '../keys.js';
import { isDay } from '../log-listing.js';
import type { AuditFinding } from './finding.js';
import type { Anchor } from './log-judge.js';

export interface Anchors {
  /** By log, `<day>/<writer>`. */
  readonly byLog: ReadonlyMap<string, readonly Anchor[]>;
  /** Records that name a line. */
  readonly records: number;
  /** About records that cannot be read, or name nothing that can be a line. */
  readonly findings: readonly AuditFinding[];
}

export async function readAnchors(store: Pick<Store, 'list' | 'readRecord'>): Promise<Anchors> {
  const byLog = new Map<string, Anchor[]>();
  const findings: AuditFinding[] = [];
  let records = 0;
  for (const job of (await store.list(jobKey())).filter(isJobId).sort()) {
    const head = await headOf(store, job);
    if (head === undefined) continue;
    if (typeof head === 'string') {
      findings.push({ kind: 'record', job, detail: head });
      continue;
    }
    records++;
    const { log, ...place } = head;
    byLog.set(log, [...(byLog.get(log) ?? []), { job, ...place }]);
  }
  return { byLog, records, findings };
}

/** Undefined where the record names none, or is gone by now; what is wrong with it as text. */
async function headOf(store: Pick<Store, 'readRecord'>, job: string) {
  let fields: unknown;
  try {
    const record = await store.readRecord(jobKey(job));
    if (record === undefined) return undefined;
    fields = JSON.parse(Buffer.from(record.value).toString('utf8'));
  } catch (error) {
    if (isDispatchError(error)) return `its record cannot be read: ${error.message}`;
    if (error instanceof SyntaxError) return 'its record is no JSON';
    throw error;
  }
  const { audit } = (fields ?? {}) as { audit?: unknown };
  if (audit === undefined || audit === null) return undefined;
  const { log, seq, hash } = audit as Record<string, unknown>;
  const [day = '', writer = '', ...rest] = typeof log === 'string' ? log.split('/') : [];
  if (!isDay(day) || !isSessionId(writer) || rest.length > 0) return 'its record names no log of the audit';
  if (!Number.isSafeInteger(seq) || (seq as number) < 1 || typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash))
    return 'its record names no line of the audit';
  return { log: `${day}/${writer}`, seq: seq as number, hash };
}
