/** A configuration that is wrong is never run on with defaults: the server ends with 2 and says where, before any frame. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from '../helpers/server-sandbox.js';

const CASES: readonly [string, string, RegExp][] = [
  ['a misspelled key', 'agnets = ["alice"]\n', /line 1, column 1, key agnets.*agents/],
  ['a misplaced key', 'watch = true\n\n[agents]\nalice = 1\n', /line [34], column \d+/],
  ['an unknown table', '[server]\nport = 1\n', /line [12], column \d+.*server/],
  ['a wrong type', '# a comment\nwatch = "yes"\n', /line 2, column 1, key watch/],
  ['a number out of range', 'max_message_bytes = 10\n', /line 1, column 1, key max_message_bytes.*1024/],
  ['a key twice', 'watch = true\nwatch = false\n', /line 2, column \d+/],
  ['a key at both places', 'watch = true\n[dispatch]\nwatch = false\n', /line 3, column \d+.*watch/],
  ['a syntax error', 'agents = ["alice"\nwatch = true\n', /line \d+, column \d+/],
  ['an invalid name on the roster', 'agents = ["alice", "../x"]\n', /line 1, column 20, key agents.*\.\.\/x/],
  ['a reserved name on the roster', 'agents = ["human"]\n', /line 1, column 11, key agents.*human.*reserved/],
  ['a name twice on the roster', 'agents = ["alice", "Alice"]\n', /line 1, column 20, key agents/],
  ['an empty roster', 'agents = []\n', /line 1, column \d+, key agents/],
  ['a relative relay', 'dispatch_dir = "messages"\n', /line 1, column 1, key dispatch_dir/],
];

for (const [name, config, says] of CASES) {
  test.concurrent(`${name} keeps the server from starting, with file, line and column`, async ({ sandbox, expect }) => {
    const server = sandbox.spawn({ agent: 'alice', config });
    server.request('initialize');
    expect(await server.closed).toEqual({ code: 2, signal: null });
    expect([server.lines, server.rest]).toEqual([[], '']);
    expect(server.stderr).toContain(`${sandbox.root}-config/config-0.toml`);
    expect(server.stderr).toMatch(says);
    // The caret block: the line, and the place in it.
    expect(server.stderr).toMatch(/^ +\^$/m);
    expect(existsSync(sandbox.relay)).toBe(false);
  });
}

test.concurrent('a configuration file that is named must be there', async ({ sandbox, expect }) => {
  const missing = path.join(sandbox.root, 'missing.toml');
  const server = sandbox.spawn({ agent: 'alice', env: { MCP_DISPATCH_CONFIG: missing } });
  expect(await server.closed).toEqual({ code: 2, signal: null });
  expect([server.lines, server.rest]).toEqual([[], '']);
  expect(server.stderr).toContain(missing);
  expect(server.stderr).toContain('MCP_DISPATCH_CONFIG');
});

test.concurrent('a relay path that is relative is refused, with the variable that says so', async ({
  sandbox,
  expect,
}) => {
  const server = sandbox.spawn({ agent: 'alice', relay: 'messages' });
  expect(await server.closed).toEqual({ code: 2, signal: null });
  expect(server.stderr).toContain('MCP_DISPATCH_DIR');
  expect([server.lines, server.rest]).toEqual([[], '']);
});
