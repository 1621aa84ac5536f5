/** Starts a server as its client does, shakes hands and asks for its tools: by hand, so that nothing of our own server code takes part. */
import { type Ran, run } from './commands.js';
import type { Entry } from './launch.js';

export interface Greeting {
  readonly server: string;
  readonly tools: readonly string[];
}

// As clients do in 2026; a server answers with the revision that it speaks.
const PROTOCOL = '2025-11-25';
// Codex gives a server one second before it takes a turn without it, others wait longer.
const TIMEOUT_MS = 10_000;

const REQUESTS = [
  {
    id: 1,
    method: 'initialize',
    params: { protocolVersion: PROTOCOL, capabilities: {}, clientInfo: { name: 'mcp-dispatch-doctor', version: '1' } },
  },
  { method: 'notifications/initialized' },
  { id: 2, method: 'tools/list' },
].map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

/** What the server says of itself; or why it does not, as the end of a sentence. It is ended either way. */
export async function greet(
  entry: Entry,
  env: NodeJS.ProcessEnv,
  cwd: string,
  timeoutMs = TIMEOUT_MS,
): Promise<Greeting | string> {
  const ran = await run([entry.command, ...entry.args], {
    env: { ...env, ...entry.env, ...own(env) },
    cwd,
    timeoutMs,
    input: REQUESTS.join(''),
    until: (out) => answerTo(2, out) !== undefined,
  });
  const [hello, list] = [answerTo(1, ran.out), answerTo(2, ran.out)];
  if (list === undefined) return failure(ran, hello);
  const info = field(field(hello, 'result'), 'serverInfo');
  const tools = field(field(list, 'result'), 'tools');
  if (!Array.isArray(tools)) return 'answers, and lists no tools';
  const named = [field(info, 'name'), field(info, 'version')].filter((one) => typeof one === 'string');
  return { server: named.join(' '), tools: tools.map((tool) => String(field(tool, 'name'))) };
}

/** Where it may write is ours to say, whatever its entry says. */
function own({ MCP_DISPATCH_DIR }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { MCP_DISPATCH_DIR };
}

function failure({ code, failure: why, err }: Ran, hello: unknown): string {
  const said = err.split('\n').find((line) => line.trim() !== '');
  const end = why ?? `ended with ${code}`;
  return `${hello === undefined ? 'does not answer' : 'does not list its tools'}: it ${end}${said === undefined ? '' : `, and said: ${said.slice(0, 300)}`}`;
}

function answerTo(id: number, out: string): unknown {
  // The last line may not have come whole.
  for (const line of out.split('\n').slice(0, -1)) {
    try {
      const message: unknown = JSON.parse(line);
      if (field(message, 'id') === id) return message;
    } catch {
      // Not JSON: a client would not take it either.
    }
  }
  return undefined;
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}
