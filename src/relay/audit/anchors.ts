/** What the records of jobs say of the audit: each keeps the newest lines of the processes that changed it. */
import { isDispatchError } from '../../model/errors.js';
import { isJobId, isSessionId } from '../../model/ids.js';
import type { AuditHead } from '../../model/job.js';
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
    const heads = await headsOf(store, job);
    if (typeof heads === 'string') {
      findings.push({ kind: 'record', job, detail: heads });
      continue;
    }
    if (heads.length > 0) records++;
    for (const { log, ...place } of heads) byLog.set(log, [...(byLog.get(log) ?? []), { job, ...place }]);
  }
  return { byLog, records, findings };
}

/** None where the record is gone by now; what is wrong with it as text. */
async function headsOf(store: Pick<Store, 'readRecord'>, job: string): Promise<AuditHead[] | string> {
  let fields: unknown;
  try {
    const record = await store.readRecord(jobKey(job));
    if (record === undefined) return [];
    fields = JSON.parse(Buffer.from(record.value).toString('utf8'));
  } catch (error) {
    if (isDispatchError(error)) return `its record cannot be read: ${error.message}`;
    if (error instanceof SyntaxError) return 'its record is no JSON';
    throw error;
  }
  const { audit = [] } = (fields ?? {}) as { audit?: unknown };
  if (!Array.isArray(audit)) return 'its record names no lines of the audit';
  const heads: AuditHead[] = [];
  for (const entry of audit) {
    const { log, seq, hash } = (entry ?? {}) as Record<string, unknown>;
    const [day = '', writer = '', ...rest] = typeof log === 'string' ? log.split('/') : [];
    if (!isDay(day) || !isSessionId(writer) || rest.length > 0) return 'its record names no log of the audit';
    if (!Number.isSafeInteger(seq) || (seq as number) < 1 || typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash))
      return 'its record names no line of the audit';
    heads.push({ log: `${day}/${writer}`, seq: seq as number, hash });
  }
  return heads;
}
