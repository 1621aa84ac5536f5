/** The configuration with which a client starts this server, to be pasted; `init` writes the same. */
import { stdioEntry } from '../clients/client.js';
import { type Launch, quoted, SERVER_NAME } from '../clients/launch.js';
import { tomlEntry } from '../clients/server-entry.js';

export interface ClientSetup {
  /** Shell command that adds it to Claude Code. */
  readonly claudeCommand: string;
  /** For ~/.claude.json. */
  readonly claudeJson: string;
  /** For ~/.codex/config.toml. */
  readonly codexToml: string;
}

export function clientSetup(launch: Launch): ClientSetup {
  const entry = (agent: string) => ({ ...launch, env: { MCP_DISPATCH_AGENT_ID: agent } });
  const words = [launch.command, ...launch.args].map((word) => quoted(word, process.platform));
  return {
    // The option between -e and the name is needed: -e takes all words up to the next option.
    claudeCommand: `claude mcp add -e MCP_DISPATCH_AGENT_ID=alice --scope local ${SERVER_NAME} -- ${words.join(' ')}`,
    claudeJson: JSON.stringify({ mcpServers: { [SERVER_NAME]: stdioEntry(entry('alice')) } }),
    codexToml: tomlEntry(entry('bob')),
  };
}
