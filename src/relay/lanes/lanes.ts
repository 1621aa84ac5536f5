/** The repositories that the operator lets jobs be addressed to, and what runs there. */
import { listNames, quoteName } from '../../model/agent-id.js';
import { DispatchError } from '../../model/errors.js';
import type { Executor } from '../../model/executor.js';
import type { Lane, LaneList } from '../jobs/lane-list.js';
import { type LaneFile, parseLaneFile } from './lane-file.js';
import { parseLaneName } from './lane-name.js';

/** The text of a file that only its operator can have written, or why it is not to be trusted, as a clause. */
export type OperatorText = { readonly text: string } | { readonly problem: string };

export interface LaneOptions {
  /** The path of the list, for people. */
  readonly repos: string;
  /** Reads it, and looks at who could have written it. */
  read(): OperatorText;
  readonly executor: Executor;
  readonly host: string;
  readonly maxIterations: number;
}

/** What a placeholder stands for, and who said so. */
export interface LaneFilling {
  readonly text: string;
  readonly by: 'job' | 'operator';
}

export type LaneFillings = Readonly<Record<'orguser' | 'repo' | 'task' | 'host' | 'max_iterations', LaneFilling>>;

/** Reads the list at each use: what the operator takes out of it is refused from then on. Any doubt about it refuses. */
export class Lanes implements LaneList {
  constructor(private readonly options: LaneOptions) {}

  async resolve(address: string): Promise<Lane> {
    const file = this.#read();
    const lane = file.lanes.get(address);
    if (lane !== undefined) return lane;
    const known = [...file.lanes.keys()].sort();
    const allowed = known.length === 0 ? 'The list allows none' : `Allowed: ${listNames(known)}`;
    throw new DispatchError(
      'LANE_REFUSED',
      `${quoteName(address)} is no lane: ${reasonFor(address, file)}. ${allowed}. Only the operator can allow another. Nothing was done.`,
      { known: known.slice(0, MOST_KNOWN) },
    );
  }

  async list(): Promise<readonly string[]> {
    return [...this.#read().lanes.keys()].sort();
  }

  /** Sentences on entries of the list that are no lanes. @throws DispatchError as `list` */
  async leftOut(): Promise<readonly string[]> {
    return this.#read().leftOut;
  }

  /** Runs the jobs of all of them. */
  get executor(): Executor {
    return this.options.executor;
  }

  /**
   * What the job of a lane puts into the template, by the names of its placeholders. The list is asked again: it may have changed
   * since the job was submitted.
   * @throws DispatchError `LANE_REFUSED`
   */
  async fill(address: string, task: string): Promise<LaneFillings> {
    const { org, repo } = await this.resolve(address);
    const { host, maxIterations } = this.options;
    return {
      orguser: { text: org, by: 'operator' },
      repo: { text: repo, by: 'operator' },
      task: { text: task, by: 'job' },
      host: { text: host, by: 'operator' },
      max_iterations: { text: String(maxIterations), by: 'operator' },
    };
  }

  #read(): LaneFile {
    const { repos } = this.options;
    const read = this.options.read();
    const file = 'problem' in read ? read : parseLaneFile(read.text);
    if (!('problem' in file)) return file;
    const why = `The list of lanes ${repos} ${file.problem}, so there is no lane now. Only the operator can put it right. Nothing was done.`;
    throw new DispatchError('LANE_REFUSED', why);
  }
}

/** What stands for the lanes of an operator whose configuration cannot be trusted: none, and `why`, a sentence. */
export function lanesRefusedBecause(why: string): LaneList {
  const refuse = async (): Promise<never> => {
    throw new DispatchError('LANE_REFUSED', `${why} Only the operator can put it right. Nothing was done.`);
  };
  return { resolve: refuse, list: refuse };
}

const MOST_KNOWN = 100;

function reasonFor(address: string, { orgs, lanes }: LaneFile): string {
  const name = parseLaneName(address);
  if (name === undefined) return 'a lane is an owner and a repository, such as "acme/api"';
  if (!orgs.has(name.org)) return `there is no owner ${name.org}`;
  const isThere = [...lanes.values()].some(({ repo }) => repo === name.repo);
  return isThere ? `${name.org} does not own ${name.repo}` : `there is no repository ${name.repo}`;
}
