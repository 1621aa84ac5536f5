/**
 * The order of the test files: those that take longest come first, so that no worker is left alone with one at the end. The
 * others follow as Vitest has them.
 */
import path from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** About ten seconds each and more, on two cores that all of them share. */
const LONGEST = [
  'proof/torture',
  'proof/faults-in-turn',
  'proof/jobs-torture',
  'proof/model',
  'worker/worker-process',
  'proof/jobs-faults',
  'process/same-millisecond',
  'proof/fuzz',
  'relay/doctor/busy',
  'process/waking',
  'proof/planted-files-elsewhere',
  'process/hook',
  'cli/artefact',
  'worker/keeper',
  'process/ending',
  'proof/power-loss',
  'proof/jobs-power-loss',
  'relay/audit/tampering',
  'proof/jobs-crash',
  'store/filesystem/filesystem-store.faults',
  'worker/keeper-alone',
  'proof/planted-files',
  'proof/one-end',
  'process/identity',
  'process/orphan',
  'proof/jobs-model',
  'process/alerts',
  'e2e/conversation',
  'process/autospawn',
  'proof/names',
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
