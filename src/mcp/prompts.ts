/** Lists and writes the prompts. What they are made of is loaded when a client first asks. */
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { GetPromptRequestSchema, ListPromptsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { lazy } from '../model/lazy.js';
import { toProtocolError } from './protocol-error.js';

const catalogue = lazy(() => import('./prompts/catalogue.js'));

/** Answers `prompts/list` and `prompts/get`; the server must have declared `prompts`. Neither touches the relay. */
export function registerPrompts(server: Server, log: (text: string) => void): void {
  server.setRequestHandler(ListPromptsRequestSchema, async () => {
    const { PROMPTS, describePrompt } = await catalogue();
    return { prompts: PROMPTS.map(describePrompt) };
  });
  server.setRequestHandler(GetPromptRequestSchema, async ({ params }) => {
    try {
      const { writePrompt } = await catalogue();
      return writePrompt(params.name, params.arguments);
    } catch (error) {
      throw toProtocolError(error, log);
    }
  });
}
