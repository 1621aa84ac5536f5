/**
 * An agent in this process, on a relay that real servers use: the facade as they have it, and no process to start. For who
 * only sends or looks on in a test of another process.
 */
// What `open` loads at its first call: in the middle of a test that would hold up all that is under way in this process.
import '../../src/config/load.js';
import '../../src/relay/relay.js';
import '../../src/store/filesystem/filesystem-store.js';
import { open } from '../../src/open.js';
import { RelayClient } from './relay-client.js';
import { answerOf, type Json, refusalOf, type ToolResult } from './server-client.js';

export class LocalAgent {
  readonly #client: RelayClient;

  private constructor(client: RelayClient) {
    this.#client = client;
  }

  /** Connected, and like a server not present before its first call. `env` is that of the server in whose place it is. */
  static async connect(env: NodeJS.ProcessEnv): Promise<LocalAgent> {
    const { config, relay } = await open(env);
    const { maxReplyBytes, toolsets } = config;
    const client = new RelayClient({ process: () => ({ relay }) }, config.agentId, { maxReplyBytes, toolsets });
    await client.connect();
    return new LocalAgent(client);
  }

  async result(tool: string, args: object = {}): Promise<ToolResult> {
    return (await this.#client.request('tools/call', { name: tool, arguments: args })) as ToolResult;
  }

  async call(tool: string, args: object = {}): Promise<Json> {
    return answerOf(await this.result(tool, args));
  }

  async refusal(tool: string, args: object = {}): Promise<string> {
    return refusalOf(await this.result(tool, args));
  }

  /** Its presence ends with it, as a server's does. */
  async close(): Promise<void> {
    await this.#client.close();
  }

  async dispose(): Promise<string[]> {
    await this.close();
    return [];
  }
}
