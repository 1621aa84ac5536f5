/** A relay in memory whose audit a test writes, damages and verifies. */
import type { AuditHead } from '../../src/model/job.js';
import { chainedLine } from '../../src/relay/audit/chain.js';
import { verifyAudit } from '../../src/relay/audit/verify.js';
import type { Relay } from '../../src/relay/relay.js';
import { RelayWorld } from './relay-world.js';

export class AuditWorld extends RelayWorld {
  /** Not one of those that write. */
  readonly onlooker: Relay = this.process().relay;

  /** What the record of a job keeps of the audit. */
  async anchor(job: string, head: AuditHead | undefined): Promise<void> {
    const key = `.jobs/records/${job}`;
    const known = await this.memory.readRecord(key);
    await this.memory.update(
      key,
      known?.revision,
      JSON.stringify({ id: job, audit: head === undefined ? [] : [head] }),
    );
  }

  async bytesOf(log: string): Promise<Buffer> {
    const held = await this.memory.read(`.log/${log}`, 10_000_000);
    if (held?.ok !== true) throw new Error(`no log ${log}`);
    return Buffer.from(held.bytes);
  }

  async write(log: string, bytes: Uint8Array): Promise<void> {
    await this.memory.put(`.log/${log}`, bytes);
  }

  async verify() {
    return verifyAudit(this.onlooker);
  }

  /** The kinds of what was found, with the line. */
  async found(): Promise<string[]> {
    return (await this.verify()).findings.map(({ kind, line }) => (line === undefined ? kind : `${kind} ${line}`));
  }
}

/** The records of a log as text, without the empty line before them. */
export function recordsOf(bytes: Buffer): string[] {
  return bytes.toString('utf8').split('\n').slice(1);
}

export function logOfRecords(records: readonly string[]): Buffer {
  return Buffer.from(records.map((record) => `\n${record}`).join(''));
}

/** A line that claims to stand behind `record`, chained as one who knows how would do it. */
export function forgedBehind(record: string | undefined, log: string, event: object): string {
  const { seq = 0, hash = '' } = record === undefined ? {} : (JSON.parse(record) as { seq: number; hash: string });
  return chainedLine(event, log, record === undefined ? undefined : { log, seq, hash }).line;
}
