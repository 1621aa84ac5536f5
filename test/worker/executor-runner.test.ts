/** What the runner asks of the keeper, without one. */
import path from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import type { Job } from '../../src/model/job.js';
import { Files } from '../../src/store/filesystem/files.js';
import { ExecutorRunner } from '../../src/worker/executor-runner.js';
import type { Keeper, Run, RunRequest } from '../../src/worker/keeper.js';

afterEach(() => vi.unstubAllEnvs());

it('names the folder of a run from the root, also where the temporary folder is not', async () => {
  vi.stubEnv('TMPDIR', 'tmp');
  const requests: RunRequest[] = [];
  const start = (request: RunRequest): Run => {
    requests.push(request);
    return { outcome: new Promise(() => {}), setLease: () => {}, end: () => {} };
  };
  const runner = new ExecutorRunner({
    name: 'codex',
    executor: { argv: [process.execPath, '{output_file}', '--', '{prompt}'], timeoutSeconds: 60, env: [], models: [] },
    keeper: { start } as unknown as Keeper,
    files: new Files(),
    env: {},
    cwd: import.meta.dirname,
    umask: 0o022,
  });
  const prepared = await runner.prepare({ task: { prompt: 'Do it.' }, write: false } as Job);
  prepared.start({ leaseEndsAt: 0, graceMs: 0 });
  const [{ folder = '', args = [] } = {}] = requests;
  expect(path.isAbsolute(folder)).toBe(true);
  expect(args[0]).toBe(path.join(folder, 'message'));
});
