/** What a verification of the audit can find. */

export type FindingKind =
  /** A line whose hash does not fit its bytes. */
  | 'altered'
  /** A line whose number is not the next one: lines are missing, doubled or in another order. */
  | 'misplaced'
  /** A line that does not name the one before it, or the first line of another log. */
  | 'unlinked'
  /** What is no record, and not the beginning of one at the end of a log either. */
  | 'damaged'
  /** A record without a chain in a log that has one. */
  | 'unchained'
  /** A log that ends before the line that the record of a job names. */
  | 'cut'
  /** A log that is gone, and that the record of a job names. */
  | 'missing'
  /** Another line than the one that the record of a job names, at its place. */
  | 'rewritten'
  /** A record of a job that cannot be read, or names no line. */
  | 'record';

/** A place, and what is wrong there. */
export interface AuditFinding {
  readonly kind: FindingKind;
  /** `<day>/<writer>`; absent where it is about a record alone. */
  readonly log?: string;
  /** As an editor counts; of a log that was cut, its last one. Absent for a log that is not there. */
  readonly line?: number;
  readonly seq?: number;
  readonly job?: string;
  readonly detail: string;
}
