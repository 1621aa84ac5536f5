/** Workers that cannot be started by themselves: what keeps them, where their words are, and what to do. */
import { isDispatchError } from '../../model/errors.js';
import type { Told } from '../jobs/autospawn.js';
import { standingText } from '../jobs/spawn-words.js';
import { spawnKey } from '../keys.js';
import { placeOf, type RelayCheck, unlessReplaced } from './subject.js';

export const heldSpawns: RelayCheck = {
  code: 'autospawn-held',
  async run(subject) {
    const { autospawn } = subject.relay.jobs;
    if (autospawn === undefined) return [];
    let told: readonly Told[];
    try {
      told = await unlessReplaced(() => autospawn.told(), []);
    } catch (error) {
      if (!isDispatchError(error, 'STORE_UNAVAILABLE')) throw error;
      return [{ severity: 'warning', path: placeOf(subject, spawnKey()), message: error.message }];
    }
    return told.flatMap(({ target: { name, isLanes, log }, standing, spawns }) => {
      const { failure } = spawns;
      if (failure === null && standing.state !== 'ceiling') return [];
      const command = `mcp-dispatch worker ${isLanes ? '--lanes' : `--agent ${name}`}`;
      const last = failure === null ? '' : ` The last one: ${failure.why}.`;
      const advice =
        standing.state === 'ceiling'
          ? 'Workers that end soon are started anew for each job: raise idle_timeout_seconds in [worker] where the log says that they were idle'
          : 'Read the log and put right what it says';
      return {
        severity: 'warning',
        path: log,
        message: `Workers for ${name} are started by themselves: ${standingText(standing, spawns)}.${last} ${advice}. \`${command}\`, by hand, shows the same on the terminal, and once it waits for jobs all of this counts as put right.`,
      } as const;
    });
  },
};
