/** What a client tells its hook. Little of what it says is used, and none of it is said again. */

/** Beyond this an input is not read: the result of a tool can be of any size, and is in it. In bytes. */
export const MAX_INPUT_BYTES = 1_048_576;

export interface HookInput {
  /** What the client calls its session. */
  readonly sessionId: string | undefined;
  /** It is a subagent whose hook this is: the mail is not its. */
  readonly isSubagent: boolean;
  /** The turn goes on because a hook has made it: to do that again would be a loop. */
  readonly isContinuation: boolean;
  /** What is put to the model, where that is what the hook is about; else empty. */
  readonly prompt: string;
}

// As long as an alias in a session's record may be.
const MOST_CHARACTERS = 128;

/** Undefined for anything that is not one JSON object. A byte order mark is passed over. */
export function parseInput(bytes: Uint8Array): HookInput | undefined {
  try {
    return readInput(
      JSON.parse(
        Buffer.from(bytes)
          .toString('utf8')
          .replace(/^\ufeff/, ''),
      ),
    );
  } catch {
    return undefined;
  }
}

/** The same for what is parsed already. */
export function readInput(json: unknown): HookInput | undefined {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return undefined;
  const { session_id, conversation_id, agent_id, stop_hook_active, loop_count, prompt } = json as Record<
    string,
    unknown
  >;
  return {
    sessionId: [session_id, conversation_id].find(isSessionName),
    // Whatever stands there: only where nothing does, it is surely the session itself.
    isSubagent: !isBlank(agent_id),
    // An input that came through `${stop_hook_active}` has text.
    isContinuation: stop_hook_active === true || stop_hook_active === 'true' || Number(loop_count ?? 0) > 0,
    prompt: typeof prompt === 'string' ? prompt : '',
  };
}

function isSessionName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MOST_CHARACTERS;
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}
