import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { checkConfig } from '../../src/config/load.js';
import { useSandbox } from '../config/sandbox.js';
import { Desk } from './desk.js';

const sandbox = useSandbox();
const desk = new Desk();
const check = (env: NodeJS.ProcessEnv, ...argv: string[]) => desk.run(['config', 'check', ...argv], { env });

const settingsOf = (json: Record<string, unknown>) =>
  Object.fromEntries((json.settings as { key: string; value: unknown; source: string }[]).map((row) => [row.key, row]));

describe('config check', () => {
  it('says of every setting what it comes to and where from', async () => {
    const file = sandbox.write('agents = ["alice", "bob"]\ndispatch_dir = "/srv/relay"\nwatch = true\n');
    const { code, json } = await check({ MCP_DISPATCH_DIR: '/tmp/relay', MCP_DISPATCH_AGENT_ID: 'bob' }, '--json');
    expect([code, json.ok, json.file]).toEqual([0, true, file]);
    expect(settingsOf(json)).toMatchObject({
      agents: { value: ['alice', 'bob'], source: 'file' },
      dispatch_dir: { value: '/tmp/relay', source: 'MCP_DISPATCH_DIR' },
      // Set in the file to what is the default: it is the file that counts.
      watch: { value: true, source: 'file' },
      durability: { value: 'full', source: 'default' },
      agent_id: { value: 'bob', source: 'MCP_DISPATCH_AGENT_ID' },
    });
  });

  it('shows the keys of a table by their dotted names, also when they stand under [dispatch]', async () => {
    sandbox.write('receipt_retention = 86400\n[dispatch.limits]\ninbox_messages = 0\n');
    expect(settingsOf((await check({}, '--json')).json)).toMatchObject({
      receipt_retention: { value: 86_400, source: 'file' },
      log_retention: { value: 2_592_000, source: 'default' },
      log_content: { value: false, source: 'default' },
      'limits.inbox_messages': { value: 0, source: 'file' },
      'limits.inbox_bytes': { value: 67_108_864, source: 'default' },
      'limits.sends_per_minute': { value: 120, source: 'default' },
      'limits.thread_messages_per_hour': { value: 200, source: 'default' },
    });
    expect((await check({})).out).toMatch(/^limits\.inbox_messages +0 \(no limit\) +file$/m);
  });

  it('does not name an empty variable as a source', async () => {
    const { json } = await check({ MCP_DISPATCH_DIR: '', MCP_DISPATCH_AGENT_ID: ' ' }, '--json');
    expect(settingsOf(json)).toMatchObject({ dispatch_dir: { source: 'default' }, agent_id: { value: null } });
  });

  it('prints a table for a person, and says that there is no file', async () => {
    const { out } = await check({});
    expect(out).toContain('File: none');
    expect(out).toMatch(/^max_message_bytes +65536 +default$/m);
  });

  it('shows every problem, not the first alone, with 2', async () => {
    sandbox.write('wach = true\nmax_message_bytes = "big"\n');
    const { code, out } = await check({});
    expect(code).toBe(2);
    expect(out).toMatch(/line 1, column 1, key wach: .*watch/s);
    expect(out).toMatch(/line 2, .*key max_message_bytes/);
    expect(out).toContain('2 problems');
    const { json } = await check({}, '--json');
    expect(json).toMatchObject({ ok: false, problems: [{ key: 'wach', line: 1 }, { line: 2 }] });
  });

  it.each(['a/b', 'human', 'eve'])('finds that %s cannot be served', async (name) => {
    sandbox.write('agents = ["alice"]');
    const { code, json } = await check({ MCP_DISPATCH_AGENT_ID: name }, '--json');
    expect([code, json]).toMatchObject([2, { ok: false, problems: [{ key: 'MCP_DISPATCH_AGENT_ID' }] }]);
  });

  it('shows the topics that are joined, in their normalized form', async () => {
    const { code, json } = await check({ MCP_DISPATCH_TOPICS: ' #Build,review' }, '--json');
    expect(code).toBe(0);
    expect(settingsOf(json).topics).toMatchObject({ value: ['build', 'review'], source: 'MCP_DISPATCH_TOPICS' });
    expect(settingsOf((await check({ MCP_DISPATCH_TOPICS: ' ' }, '--json')).json).topics).toMatchObject({
      value: null,
    });
    expect((await check({ MCP_DISPATCH_TOPICS: 'a,b' })).out).toMatch(/^topics +a, b +MCP_DISPATCH_TOPICS$/m);
  });

  it('finds topics that cannot be joined, and says that the server starts without them', async () => {
    const { code, out } = await check({ MCP_DISPATCH_TOPICS: 'build,#all,a b' });
    expect([code, out]).toEqual([2, expect.stringMatching(/"all" is a reserved name.*"a b" is not the name/s)]);
    expect(out).toContain('2 problems. The server starts, and joins the other topics.');
    const { json } = await check({ MCP_DISPATCH_TOPICS: '#' }, '--json');
    expect(json).toMatchObject({ ok: false, problems: [{ key: 'MCP_DISPATCH_TOPICS' }] });
  });

  it('opens no relay', () => {
    expect(desk.opened).toBe(0);
  });

  it('says which relay it is where each repository has its own', async () => {
    sandbox.write('scope = "project"\n');
    expect((await check({})).out).toMatch(/^Relay: memory$/m);
    expect((await check({}, '--json')).json).toMatchObject({ ok: true, relay: 'memory' });
  });

  it('shows each executor and the lanes, and tells what a template leaves open', async () => {
    sandbox.write(
      '[executors.codex]\nargv = ["codex", "exec", "{prompt}"]\n[lanes]\nargv = ["l", "{repo}", "--", "{task}"]\n',
    );
    const { config } = await checkConfig({}, () => undefined);
    const given = { env: { DISPATCH_TIMEOUT: '60' }, config: config as Config };
    const { code, json } = await desk.run(['config', 'check', '--json'], given);
    expect(code).toBe(0);
    const settings = settingsOf(json);
    expect(settings).toMatchObject({
      'executors.codex.argv': { value: ['codex', 'exec', '{prompt}'], source: 'file' },
      'executors.codex.write_argv': { value: null, source: 'default' },
      'executors.codex.timeout_seconds': { value: 1800, source: 'default' },
      'lanes.argv': { source: 'file' },
      'lanes.timeout_seconds': { value: 60, source: 'DISPATCH_TIMEOUT' },
    });
    expect(Object.keys(settings).join()).not.toContain('<agent>');
    const note =
      'executors.codex.argv has no "--" right before {prompt}, so a job whose text begins with "-" is refused.';
    expect(json.notes).toEqual([expect.stringContaining(note)]);
    const { out } = await desk.run(['config', 'check'], given);
    expect(out).toMatch(/^executors\.codex\.write_argv +\(jobs that write are refused\) +default$/m);
    expect(out).toContain(`Note: ${note}`);
  });

  it('says of executors in a file that others can write that there are none, with 2', async () => {
    const file = sandbox.write('[executors.codex]\nargv = ["codex", "exec", "--", "{prompt}"]\n');
    const { config } = await checkConfig({}, () => `${file} can be written by other users`);
    const { code, out } = await desk.run(['config', 'check'], { config: config as Config });
    expect(code).toBe(2);
    expect(out).toContain(`${file} can be written by other users, so no executor and no lane of this file exists`);
    expect(out).toContain('1 problem. The server starts, and no worker does.');
  });

  it('shows no lanes where there are none', async () => {
    const settings = settingsOf((await check({}, '--json')).json);
    expect(Object.keys(settings).filter((key) => /lanes|executors/.test(key))).toEqual(['lanes.argv']);
    expect((await check({})).out).toMatch(/^lanes\.argv +\(no lanes\) +default$/m);
  });
});
