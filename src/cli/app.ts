import type { Config } from '../config/schema.js';
import type { Ancestry } from '../hooks/caller.js';
import type { Inspection } from '../model/finding.js';
import type { Project } from '../model/project.js';
import type { Lanes } from '../relay/lanes/lanes.js';
import type { Relay } from '../relay/relay.js';

/** Where the configuration and the relay are, whatever the environment says. Absolute paths. */
export interface Place {
  readonly config: string;
  readonly relay: string;
}

/** What the composition root hands to a command. */
export interface App {
  readonly config: Config;
  readonly relay: Relay;
  /** The repositories that jobs may be addressed to; absent where there are none. */
  readonly lanes?: Lanes;
  /** Where the command was called. */
  readonly project: Project;
  /** The processes that this one descends from; absent where that is not to be looked at. */
  readonly ancestry?: Ancestry;
  /** Has the operator's command run for what this process makes wait for a person; undefined where none is to be run. */
  ringForPerson?(): Promise<{ close(late?: Promise<void>): Promise<void> } | undefined>;
  /** Looks at what holds the relay; absent where there is nothing of the kind to look at. */
  readonly inspection?: Inspection;
  /** What this user makes files with: the process itself makes its own for nobody else. */
  readonly umask?: number;
}
