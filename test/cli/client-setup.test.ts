import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { clientSetup } from '../../src/cli/client-setup.js';

describe('the configuration to paste', () => {
  const node = '/opt/my node/bin/node';
  const program = `/home/o'neil/"x"\\y/mcp-dispatch.cjs`;
  const { claudeCommand, claudeJson, codexToml } = clientSetup({ command: node, args: [program] });

  it('is JSON that holds the paths as they are', () => {
    expect(JSON.parse(claudeJson).mcpServers['mcp-dispatch']).toMatchObject({ command: node, args: [program] });
  });

  it('is TOML that holds the paths as they are', () => {
    expect(parse(codexToml)).toEqual({
      mcp_servers: {
        'mcp-dispatch': { command: node, args: [program], env: { MCP_DISPATCH_AGENT_ID: 'bob' } },
      },
    });
  });

  it.skipIf(process.platform === 'win32')('is a shell command that passes the paths as they are', async () => {
    const { execFileSync } = await import('node:child_process');
    const printed = execFileSync('sh', ['-c', claudeCommand.replace(/^claude/, `printf '%s\\n'`)], {
      encoding: 'utf8',
    });
    expect(printed.trimEnd().split('\n').slice(-2)).toEqual([node, program]);
  });

  it('has an option between -e, which takes every word it can get, and the name', () => {
    expect(claudeCommand).toMatch(/ -e \S+ --scope local mcp-dispatch -- /);
  });
});
