/** Which entries and hooks are ours, and how they are written. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { eventOfHookLine, hookLine, isOurLaunch, withoutSettings } from '../../src/clients/launch.js';

describe('an entry', () => {
  it.each([
    { command: 'node', args: ['/a b/dist/mcp-dispatch.cjs'] },
    { command: '/opt/node/bin/node', args: ['/x/mcp-dispatch.cjs'], env: { A: 'b' } },
    { command: 'C:\\node\\node.exe', args: ['C:\\x\\mcp-dispatch.cjs'] },
    { type: 'stdio', command: 'npx', args: ['-y', 'mcp-dispatch'] },
    { command: 'npx', args: ['-y', 'mcp-dispatch@1.2.3'] },
    { command: 'cmd', args: ['/c', 'npx', '-y', 'mcp-dispatch'] },
  ])('%j is ours', (entry) => {
    expect(isOurLaunch(entry)).toBe(true);
  });

  it.each([
    undefined,
    null,
    'npx -y mcp-dispatch',
    {},
    { command: 'mcp-dispatch', args: [] },
    { command: 'uvx', args: ['mcp-dispatch'] },
    { command: 'python', args: ['-m', 'mcp_dispatch'] },
    { command: 'node', args: ['/x/other.cjs', '/x/mcp-dispatch.cjs'] },
    { command: 'npx', args: ['-y', '@someone/mcp-dispatch'] },
    { command: 'npx', args: ['-y', 'mcp-dispatch-tools'] },
    { command: 'node', args: [7] },
    { url: 'https://example.org/mcp-dispatch' },
  ])('%j is not ours', (entry) => {
    expect(isOurLaunch(entry)).toBe(false);
  });
});

describe('the line of a hook', () => {
  const launch = { command: 'node', args: [`/a b/o'neil/mcp-dispatch.cjs`] };

  it.skipIf(process.platform === 'win32')('passes a shell as it is, and is known again', () => {
    const line = hookLine(launch, 'codex', 'Stop', 'linux');
    const { stdout } = spawnSync('sh', ['-c', line.replace(/^node/, `printf '%s\\n'`)], { encoding: 'utf8' });
    expect(stdout.split('\n')).toEqual([...launch.args, 'hook', 'codex', 'Stop', '']);
    expect(eventOfHookLine(line, 'codex')).toBe('Stop');
  });

  it.each([
    ['npx -y mcp-dispatch hook codex Stop', 'Stop'],
    ['npx -y mcp-dispatch@2 hook codex PostToolUse', 'PostToolUse'],
    ['cmd /c npx -y mcp-dispatch hook codex Stop', 'Stop'],
    ['"C:\\Program Files\\node.exe" "C:\\x y\\mcp-dispatch.cjs" hook codex Stop', 'Stop'],
    ['node /x/mcp-dispatch.cjs hook claude-code Stop', undefined],
    ['node /x/my-mcp-dispatch.cjs hook codex Stop', undefined],
    ['node /x/mcp-dispatch.cjs hook codex Stop; rm x', undefined],
    ['echo hook codex Stop', undefined],
    [7, undefined],
  ])('%j is ours for the event %s', (line, event) => {
    expect(eventOfHookLine(line, 'codex')).toBe(event);
  });

  it.skipIf(process.platform === 'win32')(
    'carries where the relay is, which a client gives to the server alone',
    () => {
      const env = {
        MCP_DISPATCH_DIR: `/o'neil/my relay`,
        MCP_DISPATCH_CONFIG: '/c.toml',
        MCP_DISPATCH_AGENT_ID: 'bob',
      };
      const line = hookLine({ ...launch, env }, 'codex', 'Stop', 'linux');
      const shown = line.replace(
        / node /,
        ` sh -c 'printf "%s\\n" "$MCP_DISPATCH_DIR" "$MCP_DISPATCH_CONFIG" "$MCP_DISPATCH_AGENT_ID"' `,
      );
      const { stdout } = spawnSync('sh', ['-c', shown], { encoding: 'utf8', env: { PATH: process.env.PATH } });
      expect(stdout.split('\n')).toEqual([env.MCP_DISPATCH_DIR, env.MCP_DISPATCH_CONFIG, '', '']);
      expect(eventOfHookLine(line, 'codex')).toBe('Stop');
      expect(withoutSettings(line)).toBe(hookLine(launch, 'codex', 'Stop', 'linux'));
      expect(withoutSettings('env OTHER=1 node x')).toBe('env OTHER=1 node x');
    },
  );

  it('is quoted for Windows as both of its shells take it', () => {
    const line = hookLine({ command: 'node', args: ['C:\\x y\\mcp-dispatch.cjs'] }, 'codex', 'Stop', 'win32');
    expect(line).toBe('node "C:\\x y\\mcp-dispatch.cjs" hook codex Stop');
  });
});
