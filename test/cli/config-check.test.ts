import { describe, expect, it } from 'vitest';
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
});
