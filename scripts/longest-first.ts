/**
 * The order of the test files: those that take longest come first, so that no worker is left alone with one at the end. The
 * others follow as Vitest has them.
 */
import path from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** More than ten seconds each on two cores. Two minutes that are mandated stand first. */
const LONGEST = [
  'proof/torture',
  'proof/jobs-torture',
  'proof/model',
  'proof/faults-in-turn',
  'process/same-millisecond',
  'cli/artefact',
  'worker/worker-process',
  'proof/fuzz',
  'proof/power-loss',
  'relay/doctor/busy',
  'proof/jobs-faults',
  'process/autospawn',
  'process/waking',
  'proof/jobs-crash',
  'process/ending',
  'proof/planted-files-elsewhere',
  'proof/jobs-power-loss',
  'proof/jobs-model',
  'store/filesystem/filesystem-store.faults',
  'process/kill',
  'process/hook',
  'worker/keeper',
  'relay/audit/tampering',
  'proof/one-end',
  'process/alerts',
  'process/identity',
  'proof/names',
  'proof/jobs-races',
  'worker/keeper-alone',
  'process/orphan',
].map((name) => path.join('test', `${name}.test.ts`));

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification) => {
      const rank = LONGEST.findIndex((name) => path.normalize(moduleId).endsWith(name));
      return rank === -1 ? LONGEST.length : rank;
    };
    return (await super.sort(files)).sort((a, b) => rankOf(a) - rankOf(b));
  }
}
