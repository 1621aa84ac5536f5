/** `doctor` and `config check`: what they say of a file that decides what is run. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runHere } from '../helpers/command-here.js';

let home: string;
let folder: string;
let file: string;
beforeEach(() => {
  home = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-executors-')));
  folder = path.join(home, '.config', 'mcp-dispatch');
  file = path.join(folder, 'config.toml');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  write('[executors.codex]\nargv = ["codex", "exec", "--", "{prompt}"]\n');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
}

async function run(...argv: string[]) {
  const { PATH = '' } = process.env;
  const { code, out } = await runHere([...argv, '--json'], { home, cwd: home, env: { PATH, HOME: home } });
  return { code, json: JSON.parse(out) };
}

const doctor = async () => {
  const { code, json } = await run('doctor');
  return [code, json.findings.map((one: { code: string; severity: string }) => `${one.severity} ${one.code}`)];
};

/** Something that gives another user a say in what is run. */
const SPOILS: readonly (readonly [string, string, () => void])[] = [
  ['its folder can be written by all', 'can be written by other users (mode 0777', () => chmodSync(folder, 0o777)],
  ['a folder above can be written by the group', '(mode 0770', () => chmodSync(path.join(home, '.config'), 0o770)],
  [
    'it is a link into a folder that all can write',
    '(mode 0777',
    () => {
      const open = path.join(home, 'open');
      mkdirSync(open);
      chmodSync(open, 0o777);
      writeFileSync(path.join(open, 'c.toml'), '[lanes]\nargv = ["l", "{repo}", "--", "{task}"]\n', { mode: 0o600 });
      rmSync(file);
      symlinkSync(path.join(open, 'c.toml'), file);
    },
  ],
  ...(process.getuid?.() === 0
    ? [['it is of another user', 'belongs to another user (uid 65534)', () => chownSync(file, 65_534, 65_534)] as const]
    : []),
];

describe.skipIf(process.platform === 'win32')('a configuration that says what is run', () => {
  it('is in order where nobody else can write it', async () => {
    expect(await doctor()).toEqual([0, ['note relay-missing']]);
    const { code, json } = await run('config', 'check');
    expect([code, json.ok]).toEqual([0, true]);
    expect(json.settings).toContainEqual({
      key: 'executors.codex.argv',
      value: ['codex', 'exec', '--', '{prompt}'],
      source: 'file',
    });
  });

  it.each(SPOILS)('is refused when %s', async (_, said, spoil) => {
    spoil();
    expect(await doctor()).toEqual([2, ['error executors-unsafe', 'note relay-missing']]);
    const { code, json } = await run('config', 'check');
    expect([code, json.ok, json.problems]).toEqual([
      2,
      false,
      [{ path: file, message: expect.stringContaining(said) }],
    ]);
    expect(json.problems[0].message).toContain('so no executor and no lane of this file exists');
  });

  it('is noted where the text of a job could be an option', async () => {
    write('[executors.codex]\nargv = ["codex", "exec", "{prompt}"]\n');
    expect(await doctor()).toEqual([0, ['note prompt-exposed', 'note relay-missing']]);
  });

  it('is noted where a worker that is started by itself would work in the home folder', async () => {
    const executor = '[executors.codex]\nargv = ["codex", "exec", "--", "{prompt}"]\n';
    write(`${executor}\n[worker]\nautospawn = ["codex"]\n`);
    expect(await doctor()).toEqual([0, ['note started-at-home', 'note relay-missing']]);
    expect((await run('config', 'check')).json.notes).toEqual([expect.stringContaining('executors.codex has no cwd')]);
    write(`${executor}cwd = "~"\n[worker]\nautospawn = ["codex"]\n`);
    expect(await doctor()).toEqual([0, ['note relay-missing']]);
  });

  it('is told what of its list of lanes cannot be used, and never a word of the rest of it', async () => {
    const secret = 'ghp_0123456789abcdef';
    const repos = path.join(home, '.repos.json');
    write('[lanes]\nargv = ["lane", "{repo}", "--", "{task}"]\n');
    expect(await doctor()).toEqual([2, ['error lanes-refused', 'note relay-missing']]);
    writeFileSync(repos, JSON.stringify({ orgs: { acme: { token: secret } }, repos: { api: { org: 'acme' } } }));
    chmodSync(repos, 0o600);
    expect(await doctor()).toEqual([0, ['note relay-missing']]);
    writeFileSync(repos, `{"orgs": {}, "repos": {"api": {"org": "acme"}, "${secret}!": {"org": "acme"}}}`);
    expect(await doctor()).toEqual([1, ['warning lane-left-out', 'warning lane-left-out', 'note relay-missing']]);
    expect(JSON.stringify((await run('doctor')).json)).not.toContain(secret);
    chmodSync(repos, 0o606);
    const { code, json } = await run('doctor');
    expect([code, json.findings[0]]).toMatchObject([
      2,
      {
        code: 'lanes-refused',
        path: repos,
        message: expect.stringContaining('can be written by other users (mode 0606'),
      },
    ]);
  });
});
