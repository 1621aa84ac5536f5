/** The checks of a relay directory that only the file system can answer. They write nothing, not even a file to try with. */
import { type Check, type CodedFinding, type Inspection, runChecks } from '../../model/finding.js';
import { Files, type SystemCalls } from './files.js';
import { staleBuild } from './inspection-build.js';
import { diskSpace, hardLinks, inodes } from './inspection-disk.js';
import { formatMissing, relayDirectory, relayMissing, relayMode } from './inspection-relay.js';
import { fileSystems, foreignOwners, narrowFolders, wideFiles, wideFolders } from './inspection-rights.js';
import { type Entry, walk } from './inspection-tree.js';
import { watchLimits } from './inspection-watches.js';

export interface InspectionOptions {
  readonly system?: SystemCalls;
  /** The file that runs, to tell whether its sources are newer. Not looked at when left out. */
  readonly program?: string;
  /** @default /proc */
  readonly proc?: string;
}

/** What the checks look at. */
export interface Directory {
  readonly root: string;
  readonly files: Files;
  /** Undefined where files have no owners in this sense (Windows). */
  readonly uid: number | undefined;
  readonly proc: string;
  readonly program: string | undefined;
  /** Everything in the relay, looked at once for all checks of one round. */
  tree(): readonly Entry[];
}

export type DirectoryCheck = Check<Directory>;

/** What concerns the relay directory as a whole comes first: where it is wrong, the rest cannot be looked at. */
export const DIRECTORY_CHECKS: readonly DirectoryCheck[] = [
  relayMissing,
  relayMode,
  relayDirectory,
  formatMissing,
  wideFolders,
  wideFiles,
  narrowFolders,
  foreignOwners,
  fileSystems,
  hardLinks,
  diskSpace,
  inodes,
  watchLimits,
  staleBuild,
];

// A walk is good for one round of the checks, and both rounds are looked at anew.
const WALK_GOOD_FOR_MS = 100;

export class FilesystemInspection implements Inspection {
  readonly #directory: Directory;

  constructor(root: string, { system, program, proc = '/proc' }: InspectionOptions = {}) {
    // Without a place for its warnings: what the servers warn of is a finding here.
    const files = new Files(system);
    let walked: { readonly at: number; readonly entries: readonly Entry[] } | undefined;
    this.#directory = {
      root,
      files,
      uid: process.getuid?.(),
      proc,
      program,
      tree: () => {
        if (walked === undefined || performance.now() - walked.at > WALK_GOOD_FOR_MS) {
          const entries = walk(files, root);
          walked = { at: performance.now(), entries };
        }
        return walked.entries;
      },
    };
  }

  async find(): Promise<CodedFinding[]> {
    return runChecks(DIRECTORY_CHECKS, this.#directory);
  }
}
