/**
 * Where jobs are kept: each a record of its own, changed by compare-and-set, and beside it names in the listings of its
 * address and its submitter. The record decides; the names are how it is found, and are made before it is.
 */
import { addressSegment } from '../../model/address.js';
import { DispatchError, isDispatchError } from '../../model/errors.js';
import { type Job, parseJob, serializeJob } from '../../model/job.js';
import type { Record, WriteOptions } from '../../store/store.js';
import { doneJobKey, jobKey, jobsByKey, openJobKey, personKey } from '../keys.js';
import type { Relay } from '../relay.js';
import { doneName, type JobName, openName, parseJobName, personName } from './job-name.js';

export interface Change {
  readonly before: Job;
  readonly after: Job;
}

// Each lost round somebody else has changed the job; one that can be lost so often can never be won.
const ROUNDS = 100;

// As many processes as a job has to do with, and more.
const MOST_HEADS = 8;

// Of jobs that are looked at again and again, as those that wait are; a large one costs more memory than time.
const MOST_KNOWN = 256;
const MOST_KNOWN_BYTES = 16 * 1024;

type Parts = Pick<Relay, 'store' | 'events'>;

export class JobTable {
  // A revision names one state of a record and no other, ever: it is parsed once.
  readonly #known = new Map<string, { readonly revision: string; readonly job: Job }>();

  constructor(private readonly relay: Parts) {}

  /**
   * Undefined for none. With `durable`, what it says stays so after a power cut: for what is told others, or promised, of a
   * change that another process has made.
   * @throws DispatchError `STORE_UNAVAILABLE` for a record that cannot be understood.
   */
  async read(id: string, options: WriteOptions = {}): Promise<Job | undefined> {
    const record = await this.relay.store.readRecord(jobKey(id), options);
    return record === undefined ? undefined : this.#parsed(id, record);
  }

  /** Makes the record of a new job, and its names first. False when there is one already; durable when it returns. */
  async create(job: Job): Promise<boolean> {
    // A name without a record is nothing.
    await this.name(job).catch(rethrownWith('none'));
    await this.namePerson(job);
    const made = await this.relay.store.update(jobKey(job.id), undefined, serializeJob(this.#anchored(job)));
    if (!made) return false;
    // A submitter that was stopped in between may find its names swept away.
    const open = openJobKey(addressSegment(job.to), openName(job));
    const named = await this.relay.store.read(open, 0).catch(() => undefined);
    if (named === undefined) await this.name(job).catch(rethrownWith('unknown'));
    return true;
  }

  /**
   * Changes a job by compare-and-set: `decide` is asked again for each state that it is found in, and may throw or, with
   * undefined, leave it. Undefined when it was left. Durable when it returns.
   * @throws DispatchError `NOT_FOUND`, `STORE_UNAVAILABLE`, and what `decide` throws.
   */
  async change(id: string, decide: (job: Job) => Job | undefined): Promise<Change | undefined> {
    for (let round = 0; round < ROUNDS; round++) {
      const record = await this.relay.store.readRecord(jobKey(id));
      if (record === undefined) throw notFound(id);
      const before = this.#parsed(id, record);
      const decided = decide(before);
      if (decided === undefined) return undefined;
      const after = this.#anchored(decided);
      const [was, is] = [personName(before), personName(after)];
      if (is !== was) await this.namePerson(after);
      if (await this.relay.store.update(jobKey(id), record.revision, serializeJob(after))) {
        if (was !== undefined && is !== was) await this.#removeQuietly(personKey(was));
        return { before, after };
      }
    }
    throw this.#broken(id, 'cannot be changed');
  }

  /** Has the job name the newest line of this process's audit, for when nothing else will be said of it soon. */
  async anchor(job: Job): Promise<Job> {
    if (this.#anchored(job) === job) return job;
    return (await this.change(job.id, (now) => now))?.after ?? job;
  }

  /** The open jobs of an address, oldest first. */
  async open(address: string): Promise<JobName[]> {
    return this.#listed(openJobKey(addressSegment(address)));
  }

  /** The jobs of an address that are over, oldest first. */
  async done(address: string): Promise<JobName[]> {
    return this.#listed(doneJobKey(addressSegment(address)));
  }

  async submittedBy(from: string): Promise<JobName[]> {
    return this.#listed(jobsByKey(from));
  }

  /** Moves the name of a job that is over, and whose submitter was told, out of the way of those that are not. */
  async close(job: Job): Promise<void> {
    const segment = addressSegment(job.to);
    await this.relay.store.move(openJobKey(segment, openName(job)), doneJobKey(segment, doneName(job)));
  }

  async #listed(prefix: string): Promise<JobName[]> {
    const names = (await this.relay.store.list(prefix)).flatMap((name) => parseJobName(name) ?? []);
    return names.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Makes the names that an open job is found by, where they are not there. Durable when it returns. One after the other: by
   * the first a sweep finds the second, where the job is never made.
   */
  async name(job: Job): Promise<void> {
    const name = openName(job);
    for (const key of [openJobKey(addressSegment(job.to), name), jobsByKey(job.from, name)]) {
      if (await this.relay.store.create(key, '')) continue;
      // Another process that was to make the same job may have been killed before it synced the name.
      await this.relay.store.move(key, key, { durable: true });
    }
  }

  /**
   * Makes the name by which a job that waits for a person is counted and listed. Before it does, so that one that was killed in
   * between leaves a name too much, and no job that nobody is shown. It only helps: where it cannot be made, the sweep does.
   */
  async namePerson(job: Job): Promise<void> {
    const name = personName(job);
    if (name === undefined) return;
    try {
      await this.relay.store.create(personKey(name), '', { durable: false });
    } catch (error) {
      if (!isDispatchError(error)) throw error;
    }
  }

  async #removeQuietly(key: string): Promise<void> {
    try {
      await this.relay.store.remove(key, { durable: false });
    } catch (error) {
      if (!isDispatchError(error)) throw error;
    }
  }

  /** With the newest line of this process's audit, so that a log whose tail is cut off shows. */
  #anchored(job: Job): Job {
    const { head } = this.relay.events;
    if (head === undefined || job.audit.some(({ hash }) => hash === head.hash)) return job;
    return { ...job, audit: [...job.audit.filter(({ log }) => log !== head.log), head].slice(-MOST_HEADS) };
  }

  #parsed(id: string, { revision, value }: Record): Job {
    const known = this.#known.get(id);
    if (known?.revision === revision) return known.job;
    const job = parseJob(value);
    if (job?.id !== id) throw this.#broken(id, 'cannot be understood');
    this.#known.delete(id);
    if (value.length <= MOST_KNOWN_BYTES) this.#known.set(id, { revision, job });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return job;
  }

  #broken(id: string, what: string): DispatchError {
    const where = `${jobKey(id)} in ${this.relay.store.location}`;
    const why = `The record of job ${id}, ${where}, ${what}. \`mcp-dispatch doctor\` tells more; move that folder away to give the job up.`;
    return new DispatchError('STORE_UNAVAILABLE', why, { job: id, broken: true, outcome: 'none' });
  }
}

/** The same error, with what is known of its effect here: whether there is a job. */
function rethrownWith(outcome: 'none' | 'unknown'): (error: unknown) => never {
  return (error) => {
    if (!isDispatchError(error, 'STORE_UNAVAILABLE')) throw error;
    throw new DispatchError(error.code, error.message, { ...error.data, outcome }, error);
  };
}

/**
 * What `look` gives of a job; undefined where the fault is its record's alone, which must not hold back other jobs. Then
 * `whenBroken` is called.
 */
export async function unlessBroken<T>(look: () => Promise<T>, whenBroken = () => {}): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!isBrokenRecord(error)) throw error;
    whenBroken();
    return undefined;
  }
}

/** True for what is wrong with one record. A full disk or a lack of file handles concerns them all. */
function isBrokenRecord(error: unknown): boolean {
  if (isDispatchError(error, 'RELAY_UNSAFE')) return true;
  if (!isDispatchError(error, 'STORE_UNAVAILABLE')) return false;
  const { broken, errno } = error.data;
  return broken === true || errno === 'EACCES' || errno === 'EPERM' || errno === 'EIO';
}

export function notFound(id: string): DispatchError {
  const why = `There is no job ${id} here. Jobs that ended are kept for 7 days; the tool jobs lists yours.`;
  return new DispatchError('NOT_FOUND', why, { id });
}
