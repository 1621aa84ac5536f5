/** The configuration with which a client starts this server, to be pasted. */

export interface ClientSetup {
  /** Shell command that adds it to Claude Code. */
  readonly claudeCommand: string;
  /** For ~/.claude.json. */
  readonly claudeJson: string;
  /** For ~/.codex/config.toml. */
  readonly codexToml: string;
}

const SERVER = 'mcp-dispatch';

/** @param command absolute path of node @param program absolute path of this program's file */
export function clientSetup(command: string, program: string): ClientSetup {
  const json = {
    mcpServers: {
      [SERVER]: { type: 'stdio', command, args: [program], env: { MCP_DISPATCH_AGENT_ID: 'alice' } },
    },
  };
  return {
    // The option between -e and the name is needed: -e takes all words up to the next option.
    claudeCommand: `claude mcp add -e MCP_DISPATCH_AGENT_ID=alice --scope local ${SERVER} -- ${shellQuoted(command)} ${shellQuoted(program)}`,
    claudeJson: JSON.stringify(json, null, 2),
    codexToml: [
      `[mcp_servers.${SERVER}]`,
      `command = ${tomlQuoted(command)}`,
      `args = [${tomlQuoted(program)}]`,
      `env = { MCP_DISPATCH_AGENT_ID = "bob" }`,
    ].join('\n'),
  };
}

/** Both shells of Windows take double quotes; a path there cannot hold one. */
function shellQuoted(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return process.platform === 'win32' ? `"${text}"` : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A basic string of TOML escapes as JSON does, and DEL besides. */
function tomlQuoted(text: string): string {
  return JSON.stringify(text).replaceAll('\x7f', '\\u007F');
}
