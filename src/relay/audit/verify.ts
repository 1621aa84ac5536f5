/**
 * Verifies the audit: every chained line of every log that is kept, and every line that the record of a job names.
 *
 * The records are read first: a line that one of them names was there before. So a log that grows meanwhile is no alarm,
 * nor is what a kill cut short, nor are days that are past their retention.
 *
 * Not found: what was done behind the last line of a log that a record names; a log that is gone and that no record
 * names; and whoever writes both logs and records anew, for nothing here is secret.
 */
import { isDispatchError } from '../../model/errors.js';
import { LOG } from '../keys.js';
import { listDays, listLogs } from '../log-listing.js';
import type { Relay } from '../relay.js';
import { readAnchors } from './anchors.js';
import type { AuditFinding } from './finding.js';
import { LogJudge, type LogVerdict } from './log-judge.js';
import { linesOfLog } from './log-lines.js';

export interface AuditVerdict {
  /** By log and line; empty for an audit that is sound. */
  readonly findings: readonly AuditFinding[];
  /** Records that a kill cut short, or that were being written: no alarm. */
  readonly torn: readonly { readonly log: string; readonly line: number }[];
  /** Logs that hold lines of the audit, and those lines. */
  readonly logs: number;
  readonly lines: number;
  /** Records of jobs that name a line. */
  readonly records: number;
}

export async function verifyAudit(relay: Pick<Relay, 'store' | 'clock' | 'events'>): Promise<AuditVerdict> {
  const { store, clock, events } = relay;
  const anchors = await readAnchors(store);
  const missing = new Map(anchors.byLog);
  const findings: AuditFinding[] = [];
  const torn: { log: string; line: number }[] = [];
  let [logs, lines] = [0, 0];
  for (const day of await listDays(store)) {
    for (const key of (await listLogs(store, day)).sort()) {
      const log = key.slice(LOG.length + 1);
      const verdict = await judgeLog(store, key, log, anchors.byLog.get(log) ?? []);
      if (verdict === undefined) continue;
      missing.delete(log);
      if (verdict.lines > 0 || verdict.findings.length > 0) logs++;
      lines += verdict.lines;
      findings.push(...verdict.findings);
      if (verdict.torn !== undefined) torn.push({ log, line: verdict.torn });
    }
  }
  const oldest = events.oldestDay(clock.now());
  for (const [log, [first, ...others]] of missing) {
    if (first === undefined || log.slice(0, 10) < oldest) continue;
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    findings.push({
      kind: 'missing',
      log,
      job: first.job,
      detail: `is gone, and the record of ${first.job}${more} names it`,
    });
  }
  findings.push(...anchors.findings);
  return { findings, torn, logs, lines, records: anchors.records };
}

async function judgeLog(
  store: Relay['store'],
  key: string,
  log: string,
  anchors: ConstructorParameters<typeof LogJudge>[1],
): Promise<LogVerdict | undefined> {
  const judge = new LogJudge(log, anchors);
  let found = false;
  try {
    for await (const batch of linesOfLog(store, key)) {
      found = true;
      for (const line of batch) judge.take(line);
    }
  } catch (error) {
    if (!isDispatchError(error)) throw error;
    const finding = { kind: 'damaged' as const, log, detail: `cannot be read: ${error.message}` };
    return { findings: [finding], lines: 0 };
  }
  return found ? judge.end() : undefined;
}
