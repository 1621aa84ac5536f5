/** A worker of lanes as it is shipped, on a list that the operator changes. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { open } from '../../src/open.js';
import type { Relay } from '../../src/relay/relay.js';
import { SERVER } from '../helpers/server-sandbox.js';

const SECRET = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
// Starting a worker and its keeper, on a machine that has other things to do.
const WITHIN_MS = 180_000;

let folder: string;
let relay: Relay;
const at = (name: string) => path.join(folder, name);

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-lanes-')));
  writeFileSync(at('lane.mjs'), 'console.log(JSON.stringify([process.argv.slice(2), Object.keys(process.env)]));');
  list('api', 'site');
  relay = await configured();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function list(...repos: string[]): void {
  const entries = repos.map((repo) => [repo, { org: 'acme', token: SECRET }]);
  const text = JSON.stringify({ orgs: { acme: { token: SECRET } }, repos: Object.fromEntries(entries) });
  writeFileSync(at('repos.json'), text, { mode: 0o600 });
}

/** A relay with lanes whose program prints what it was given. */
async function configured(extra = ''): Promise<Relay> {
  const argv = [process.execPath, at('lane.mjs'), '{orguser}', '{repo}', '{host}', '{max_iterations}', '--', '{task}'];
  const lines = [
    `dispatch_dir = ${JSON.stringify(at('relay'))}`,
    '[lanes]',
    `repos = ${JSON.stringify(at('repos.json'))}`,
    `argv = ${JSON.stringify(argv)}`,
    'env = ["LANG"]',
    extra,
  ];
  writeFileSync(at('config.toml'), lines.join('\n'), { mode: 0o600 });
  return (await open({ MCP_DISPATCH_CONFIG: at('config.toml') }, folder)).relay;
}

async function submit(to: string, prompt: string, write = false): Promise<string> {
  return (await relay.jobs.submit('alice', { to, task: { prompt }, write })).job.id;
}

function work(...options: string[]) {
  const { PATH } = process.env;
  const env = { PATH, HOME: folder, LANG: 'C', GH_TOKEN: SECRET, MCP_DISPATCH_CONFIG: at('config.toml') };
  const { status, stderr } = spawnSync(process.execPath, [SERVER, 'worker', ...options], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return { code: status, err: stderr };
}

const once = (...options: string[]) => work('--lanes', '--once', ...options);

describe.skipIf(process.platform === 'win32')('a worker of lanes', () => {
  it("runs the operator's program with the names of the lane and the words of the job, each as it is", {
    timeout: WITHIN_MS,
  }, async () => {
    const words = '--host=evil {repo} $(id) "; rm -rf ~\n#';
    const id = await submit('acme/api', words);
    const { code, err } = once();
    expect([code, err]).toEqual([0, expect.stringContaining('Waiting for jobs of acme/api, acme/site.')]);
    const job = await relay.jobs.look(id);
    expect(job).toMatchObject({ state: 'completed', to: 'acme/api', result: { exit_code: 0 } });
    const [args, env] = JSON.parse((job?.result as { message: string } | undefined)?.message ?? '');
    expect(args).toEqual(['acme', 'api', 'localhost', '50', '--', words]);
    expect(env.filter((name: string) => !name.startsWith('__'))).toEqual(['LANG']);
    expect(JSON.stringify(job)).not.toContain(SECRET);
  });

  it('tells the submitter of the end in the name of the system, which nobody can be', {
    timeout: WITHIN_MS,
  }, async () => {
    const alice = relay.session('alice');
    const id = await submit('acme/site', 'x');
    once();
    const claim = await alice.inbox.claim({ by: 'peek', limit: 10, offer: () => () => {} });
    expect(claim.delivered.map(({ message }) => [message.from, message.payload])).toEqual([
      ['system', { type: 'job', job_id: id, state: 'completed' }],
    ]);
    await claim.release();
    await alice.end();
  });

  it('asks the list again before each job: what was taken out of it meanwhile is not run', {
    timeout: WITHIN_MS,
  }, async () => {
    // Whichever is run first takes the other one off the list.
    const ids = [await submit('acme/site', 'x'), await submit('acme/api', 'x')];
    const program = [
      "import { appendFileSync, writeFileSync } from 'node:fs';",
      'const [, repo] = process.argv.slice(2);',
      `appendFileSync(${JSON.stringify(at('ran'))}, repo);`,
      `writeFileSync(${JSON.stringify(at('repos.json'))}, JSON.stringify({ orgs: { acme: {} }, repos: { [repo]: { org: 'acme' } } }));`,
    ];
    writeFileSync(at('lane.mjs'), program.join('\n'));
    expect(work('--lanes', '--idle-timeout', '500').code).toBe(0);
    const jobs = await Promise.all(ids.map((id) => relay.jobs.look(id)));
    const done = jobs.find((job) => job?.state === 'completed');
    const refused = jobs.find((job) => job !== done);
    expect(`acme/${readFileSync(at('ran'), 'utf8')}`).toBe(done?.to);
    expect(refused).toMatchObject({ state: 'failed', error: expect.stringContaining(`Allowed: ${done?.to}.`) });
  });

  it('leaves a job that may write alone unless both the job and the worker say so', {
    timeout: WITHIN_MS,
  }, async () => {
    const id = await submit('acme/api', 'x', true);
    expect(once().code).toBe(3);
    const { code, err } = once('--allow-writes');
    expect([code, err]).toEqual([
      3,
      expect.stringContaining('lanes has no write_argv, so jobs that may write are left to others.'),
    ]);
    await configured(
      `write_argv = ${JSON.stringify([process.execPath, at('lane.mjs'), '--write', '{repo}', '--', '{task}'])}`,
    );
    expect(once().code).toBe(3);
    expect(once('--allow-writes').code).toBe(0);
    expect(await relay.jobs.look(id)).toMatchObject({ state: 'completed', result: { exit_code: 0 } });
  });

  it.each<readonly [string, number, string, () => void]>([
    [
      'the list can be written by others',
      4,
      'can be written by other users (mode 0602',
      () => chmodSync(at('repos.json'), 0o602),
    ],
    ['the list is not there', 4, 'is not there, so there is no lane now', () => rmSync(at('repos.json'))],
    ['the list allows none', 2, 'allows none', () => list()],
    [
      'others can write beside the configuration',
      2,
      'no executor and no lane of this file exists',
      () => chmodSync(folder, 0o777),
    ],
    ['there are no lanes', 2, 'There are no lanes in', () => writeFileSync(at('config.toml'), '', { mode: 0o600 })],
  ])('does not start where %s', (_, code, said, spoil) => {
    spoil();
    expect(once()).toEqual({ code, err: expect.stringContaining(said) });
  });

  it.each([[[]], [['--agent', 'codex', '--lanes']]])('is told whose jobs to do, once: %j', (options) => {
    expect(work(...options)).toEqual({ code: 2, err: expect.stringContaining('with --agent <id> or with --lanes') });
  });
});
