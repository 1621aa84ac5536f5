/** The MCP server: lists the tools, runs a call from its arguments to its reply, and turns every error into one that helps. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  type CallToolRequest,
  CallToolRequestSchema,
  ListToolsRequestSchema,
  type RequestId,
} from '@modelcontextprotocol/sdk/types.js';
import { DispatchError } from '../model/errors.js';
import { lazy } from '../model/lazy.js';
import type { Identity } from '../relay/identity.js';
import type { Relay } from '../relay/relay.js';
import type { Waited } from '../relay/waiting.js';
import { clientSessionsIn } from './client-sessions.js';
import { instructionsFor } from './instructions.js';
import { noticeOtherSessions } from './notices.js';
import { type Call, Place } from './patience.js';
import { piggyback } from './piggyback.js';
import { registerPrompts } from './prompts.js';
import { Reply } from './reply.js';
import { registerResources } from './resources.js';
import type { SettlingStdioTransport } from './stdio.js';
import type { ToolContext } from './tool.js';
import type { Toolset } from './toolset.js';
import { Queue } from './turn.js';
import { UnservedNotices } from './unserved-notices.js';
import type { Waking } from './waking.js';

// Their schemas take as long to make as the rest of the start, and `initialize` needs none of them.
const tools = lazy(() => import('./tools.js'));

// In no listing: it is for the hooks of a client, not for models.
const HOOK_TOOL = 'hook_notice';
const hookTool = lazy(() => import('./hook-tool.js'));

const FOR_THE_OPERATOR: ReadonlySet<string> = new Set(['RELAY_UNSAFE', 'RELAY_TOO_NEW', 'STORE_UNAVAILABLE']);

export interface FacadeOptions {
  readonly relay: Relay;
  readonly identity: Identity;
  readonly transport: SettlingStdioTransport;
  readonly version: string;
  /** Bytes of a reply's JSON. */
  readonly maxReplyBytes: number;
  readonly instructions?: string | undefined;
  /** The sets of tools that are offered. @default all */
  readonly toolsets?: readonly Toolset[] | undefined;
  readonly log: (text: string) => void;
  /** Aborted when the server ends: calls that wait are answered then. */
  readonly ending: AbortSignal;
  readonly waking?: Waking | undefined;
  /** Told when the process is no health check. */
  readonly autospawn?: { begin(): void } | undefined;
}

type ToolResult = {
  content: { type: 'text'; text: string }[];
  structuredContent?: { [field: string]: unknown };
  isError?: true;
};

/** A server for one connection. Everything about the connection that the domain must know is passed on from here. */
export function createServer(options: FacadeOptions): Server {
  const { relay, identity, transport, log, waking } = options;
  const server = new Server(
    { name: 'mcp-dispatch', title: 'mcp-dispatch', version: options.version },
    {
      capabilities: {
        tools: {},
        prompts: {},
        resources: { subscribe: true },
        ...(waking?.channel === true ? { experimental: { 'claude/channel': {} } } : {}),
      },
      instructions: instructionsFor(identity.agent, relay.agents.roster, options.instructions, options.toolsets),
      // Only ever asked about answers to elicitation, which this server does not use.
      jsonSchemaValidator: { getValidator: () => () => ({ valid: false, data: undefined, errorMessage: 'not used' }) },
    },
  );

  identity.client = () => server.getClientVersion();
  const unserved = new UnservedNotices(() => identity.project);
  registerPrompts(server, log);
  const resources = registerResources(server, options);

  // The same every time, and some milliseconds of work.
  const described = lazy(async () => {
    const { toolsOf, describeTool } = await tools();
    return toolsOf(options.toolsets).map(describeTool);
  });
  server.setRequestHandler(ListToolsRequestSchema, async () => ({ tools: await described() }));

  const answer = async (
    params: CallToolRequest['params'],
    id: RequestId,
    call: Call,
    place: Place,
  ): Promise<ToolResult> => {
    const reply = new Reply(options.maxReplyBytes);
    try {
      await place.come();
      const { prepareCall } = await tools();
      const { tool, args } = prepareCall(params.name, params.arguments, options.toolsets);
      await identity.noteCall(clientSessionsIn(params._meta));
      const session = await identity.session();
      session.client ??= server.getClientVersion();
      waking?.attend(session, params._meta);
      await session.begin();
      options.autospawn?.begin();
      let waited: Waited | undefined;
      let saidOthers = false;
      const context: ToolContext = {
        relay,
        session,
        reply,
        wait: async (wait) => {
          waited = await place.wait(session, wait);
          if (waited === 'newer_session' && !saidOthers) await sayOthers();
          return waited;
        },
        startOver: async () => {
          await reply.startOver();
          await sayOthers();
        },
      };
      const sayOthers = async () => {
        try {
          saidOthers = await noticeOtherSessions(context);
        } catch (error) {
          log(`Other sessions were not looked for: ${describeError(error)}`);
        }
      };
      // Before anything else is put in, so that mail takes only the room that is left.
      await sayOthers();
      await unserved
        .say(context)
        .catch((error: unknown) => log(`Names without a session were not looked for: ${describeError(error)}`));
      await tool.handle(args, context);
      // What the tool did is done: mail that cannot be added now is no reason to call that a failure. A client that is
      // leaving while a call waits reads no answer, and its mail is for the next session.
      if (tool.piggyback && waited !== 'ending')
        await piggyback(context, waited === 'arrived' ? 'wait' : 'piggyback').catch((error: unknown) =>
          log(`Unread mail was not added to a reply: ${describeError(error)}`),
        );
    } catch (error) {
      await reply.dropped().catch((failure: unknown) => log(`Mail was not given back: ${describeError(failure)}`));
      return errorResult(error, log);
    }
    transport.settleWith(id, call.cancelled, resources.after(reply));
    relay.sweeper.sweepIfDue(false).catch((error: unknown) => log(`The sweep failed: ${describeError(error)}`));
    const json = reply.toJson();
    return { content: [{ type: 'text', text: JSON.stringify(json) }], structuredContent: json };
  };

  // A hook stands in nobody's way: what fails is said to the operator, and its client goes on.
  const answerHook = async (args: unknown): Promise<ToolResult> => {
    const { answerHookTool } = await hookTool();
    const text = await answerHookTool(args, { relay, identity }).catch((error: unknown) => {
      log(`A hook failed: ${describeError(error)}`);
      return '';
    });
    return { content: text === '' ? [] : [{ type: 'text', text }] };
  };

  const queue = new Queue();
  server.setRequestHandler(
    CallToolRequestSchema,
    async ({ params }, { requestId, signal, _meta, sendNotification }) => {
      if (params.name === HOOK_TOOL) return answerHook(params.arguments);
      signal.addEventListener('abort', () => transport.abandon(requestId), { once: true });
      const call = {
        cancelled: signal,
        ending: options.ending,
        progressToken: _meta?.progressToken,
        notify: sendNotification,
      };
      const place = new Place(queue, call);
      waking?.callBegan();
      try {
        return await answer(params, requestId, call, place);
      } finally {
        place.leave();
        waking?.callEnded();
      }
    },
  );

  return server;
}

/** The one place where an error becomes an answer: text only, and nothing consumed. */
function errorResult(error: unknown, log: (text: string) => void): ToolResult {
  // What only the operator can mend is said to the operator too.
  if (error instanceof DispatchError && FOR_THE_OPERATOR.has(error.code)) log(error.message);
  if (error instanceof DispatchError)
    return { isError: true, content: [{ type: 'text', text: `${error.code}: ${error.message}` }] };
  log(`A tool call failed unexpectedly: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return {
    isError: true,
    content: [
      {
        type: 'text',
        text: 'INTERNAL: mcp-dispatch failed unexpectedly; its stderr has the details. Try once more, and report it if it stays.',
      },
    ],
  };
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
