/** The composition root: a configuration and a list in a home of their own, and the lanes that a relay has of them. */
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { open } from '../src/open.js';
import { useSandbox } from './config/sandbox.js';

const sandbox = useSandbox();

const CONFIG =
  '[executors.codex]\nargv = ["codex", "--", "{prompt}"]\n[lanes]\nargv = ["lane", "{repo}", "--", "{task}"]\n';

/** Submits a job to `to`, in a server that starts now. */
async function submitter(config = CONFIG) {
  sandbox.write(config);
  writeList({ orgs: { acme: {} }, repos: { api: { org: 'acme' } } });
  const { relay } = await open({ MCP_DISPATCH_DIR: path.join(sandbox.home, 'relay') }, sandbox.home);
  return (to: string) => relay.jobs.submit('alice', { to, task: { prompt: 'do it' } });
}

function writeList(list: unknown): string {
  const file = path.join(sandbox.home, '.repos.json');
  writeFileSync(file, JSON.stringify(list), { mode: 0o600 });
  return file;
}

describe.skipIf(process.platform === 'win32')('a job for a lane', () => {
  it('is queued when the list allows it, and refused when the list does not, as it is at that moment', async () => {
    const submit = await submitter();
    expect((await submit('acme/api')).job).toMatchObject({ to: 'acme/api', state: 'queued' });
    await expect(submit('acme/web')).rejects.toMatchObject({ code: 'LANE_REFUSED', data: { known: ['acme/api'] } });
    const file = writeList({ orgs: { acme: {} }, repos: { web: { org: 'acme' } } });
    expect((await submit('acme/web')).job).toMatchObject({ to: 'acme/web' });
    await expect(submit('acme/api')).rejects.toMatchObject({ code: 'LANE_REFUSED', data: { known: ['acme/web'] } });
    chmodSync(file, 0o622);
    await expect(submit('acme/web')).rejects.toMatchObject({
      code: 'LANE_REFUSED',
      message: expect.stringContaining(`${file} can be written by other users (mode 0622`),
    });
  });

  it('is refused where the configuration cannot be trusted, and so is its executor', async () => {
    const folder = path.dirname(sandbox.write(''));
    chmodSync(folder, 0o777);
    const submit = await submitter();
    await expect(submit('acme/api')).rejects.toMatchObject({
      code: 'LANE_REFUSED',
      message: expect.stringMatching(/The configuration of this server is not safe: .* \(mode 0777/),
    });
    const { config, lanes } = await open({ MCP_DISPATCH_DIR: path.join(sandbox.home, 'relay') });
    expect([config.executors.size, lanes]).toEqual([0, undefined]);
  });

  it('is refused where no lanes are configured', async () => {
    const submit = await submitter('watch = true\n');
    await expect(submit('acme/api')).rejects.toMatchObject({ code: 'LANE_REFUSED', data: { known: [] } });
  });
});
