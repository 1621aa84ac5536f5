/** The audit of processes that do jobs and are killed: no kill is ever taken for tampering. */
import { once } from 'node:events';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { verifyAudit } from '../../src/relay/audit/verify.js';
import { Relay } from '../../src/relay/relay.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { ProcessTable } from '../../src/store/filesystem/process-table.js';
import { faultOf, linesOf } from '../helpers/audit-lines.js';
import { bundleHelper } from '../helpers/store-bundle.js';
import { useRacers } from '../helpers/store-processes.js';
import { useTemporaryDirectories } from '../helpers/store-relay.js';

const ROUNDS = 5;
const AT_ONCE = 4;

const temporaryDirectory = useTemporaryDirectories();
const { start } = useRacers();

it('twenty processes that are killed while they do jobs leave no false alarm behind', async () => {
  const seed = Number(process.env.AUDIT_SEED ?? Date.now() % 2 ** 31);
  console.log(`audit: AUDIT_SEED=${seed}`);
  const livesMs = fc.sample(fc.nat(150), { seed, numRuns: ROUNDS * AT_ONCE });
  const program = await bundleHelper(temporaryDirectory(), 'audit-child.ts');
  const store = new FilesystemStore(temporaryDirectory(), { durability: 'process' });
  const relay = new Relay({ store, processes: new ProcessTable() });
  let before = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const names = Array.from({ length: AT_ONCE }, (_, index) => `bob-${round}-${index}`);
    const children = await Promise.all(names.map((name) => start(program, store.location, name)));
    const ends = children.map(async (child, index) => {
      // Each has done something; after that, any moment is as good as another.
      await atWork(store, names[index] as string);
      await new Promise((resolve) => setTimeout(resolve, livesMs[round * AT_ONCE + index]));
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      expect(await exit).toEqual([null, 'SIGKILL']);
    });
    // Also while they work.
    expect((await verifyAudit(relay)).findings).toEqual([]);
    await Promise.all(ends);
    const { findings, lines, records } = await verifyAudit(relay);
    expect(findings).toEqual([]);
    expect(records).toBeGreaterThan(AT_ONCE * (round + 1));
    expect(lines).toBeGreaterThan(before);
    before = lines;
  }
  const logs = await linesOf(store);
  expect(logs).toHaveLength(ROUNDS * AT_ONCE);
  expect(logs.map(faultOf)).toEqual(logs.map(() => undefined));
});

async function atWork(store: FilesystemStore, name: string): Promise<void> {
  while ((await store.count(`.jobs/done/${name}`, 2)) < 2) await new Promise((resolve) => setTimeout(resolve, 5));
}
