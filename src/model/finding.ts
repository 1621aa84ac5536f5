/**
 * What `doctor` looks for and finds. A check is one object in a list; what it finds may carry the repair. Checks never
 * write: everything that changes the relay is in a repair, and a repair looks again right before it acts.
 */
import { isDispatchError } from './errors.js';

/** `error`: something does not work. `warning`: mail may be late or unseen. `note`: good to know, nothing is at stake. */
export type Severity = 'error' | 'warning' | 'note';

export interface Finding {
  readonly severity: Severity;
  /** What it is about. May hold what others wrote: for a terminal through model/text.ts only. */
  readonly path: string;
  /** What is wrong, why it matters, and, where there is no repair, what a person can do. Sentences of ours. */
  readonly message: string;
  /** What else has to be the same at a second look, where one path can be wrong in turn for several reasons. */
  readonly evidence?: string;
  readonly repair?: Repair;
}

export interface Repair {
  /** What is done, in the imperative and without a full stop: `move it to .quarantine/`. */
  readonly does: string;
  /** Looks again and acts; nothing where the fault is gone meanwhile. Throws, with the reason, when it cannot be done. */
  run(): Promise<void>;
}

export interface Check<Subject> {
  /** Names the finding, for scripts: kebab-case, never changed. */
  readonly code: string;
  /** Writes nothing. May be run at any time beside any number of servers. */
  run(subject: Subject): Promise<readonly Finding[]>;
}

export interface CodedFinding extends Finding {
  readonly code: string;
}

/** What looks at one side of a relay. */
export interface Inspection {
  find(): Promise<CodedFinding[]>;
}

/** A finding after `--fix`: `failure` says why a repair could not be done. */
export interface Repaired extends CodedFinding {
  readonly fixed?: boolean;
  readonly failure?: string;
}

// Far longer than what a server does between two steps that belong together, and short for a person.
const LOOK_AGAIN_AFTER_MS = 150;

/**
 * Runs every check, and once more, a moment later, those that found something: a finding is what both looks agree on. The
 * relay moves while it is looked at, and what only looked wrong in between two steps of a server is gone at the second look.
 */
export async function runChecks<S>(
  checks: readonly Check<S>[],
  subject: S,
  pause: () => Promise<void> = () => new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_AFTER_MS)),
): Promise<CodedFinding[]> {
  const suspected = new Map<Check<S>, readonly CodedFinding[]>();
  for (const check of checks) {
    const first = await findingsOf(check, subject);
    if (first.length > 0) suspected.set(check, first);
  }
  if (suspected.size > 0) await pause();
  const found: CodedFinding[] = [];
  for (const [check, first] of suspected) {
    const seen = new Set(first.map(identityOf));
    found.push(...(await findingsOf(check, subject)).filter((finding) => seen.has(identityOf(finding))));
  }
  return found;
}

/** Runs each repair, one after the other. One that fails does not stop the others. */
export async function repairAll(findings: readonly CodedFinding[]): Promise<Repaired[]> {
  const repaired: Repaired[] = [];
  for (const finding of findings) {
    if (finding.repair === undefined) {
      repaired.push(finding);
      continue;
    }
    try {
      await finding.repair.run();
      repaired.push({ ...finding, fixed: true });
    } catch (error) {
      repaired.push({ ...finding, fixed: false, failure: messageOf(error) });
    }
  }
  return repaired;
}

async function findingsOf<S>(check: Check<S>, subject: S): Promise<CodedFinding[]> {
  try {
    return (await check.run(subject)).map((finding) => ({ ...finding, code: check.code }));
  } catch (error) {
    const path = isDispatchError(error) && typeof error.data.path === 'string' ? error.data.path : '';
    const message = `The check ${check.code} could not be done: ${messageOf(error)}`;
    return [{ code: 'check-failed', severity: 'error', path, message }];
  }
}

function identityOf({ code, path, severity, evidence }: CodedFinding): string {
  return JSON.stringify([code, path, severity, evidence]);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
