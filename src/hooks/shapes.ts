/**
 * The clients whose hooks we answer: their events, what each is a chance for, and the JSON in which each takes a text. Where a
 * text lands is up to the client: Claude Code and Codex give it the authority of the system, so only notices go there.
 */

/**
 * `start`: a session begins, or goes on without what it knew. `prompt`: the user has said something. `step`: within a turn.
 * `stop`: the turn would end, and a text makes it go on. `end`: nobody reads any more.
 */
export type Moment = 'start' | 'prompt' | 'step' | 'stop' | 'end';

export interface HookEvent {
  readonly client: string;
  readonly event: string;
  readonly moment: Moment;
  /** What the client takes on stdout. */
  show(text: string): object;
}

type Show = (text: string, event: string) => object;

const inContext: Show = (additionalContext, hookEventName) => ({
  hookSpecificOutput: { hookEventName, additionalContext },
});
const blocking: Show = (reason) => ({ decision: 'block', reason });
const denying: Show = (reason) => ({ decision: 'deny', reason });
const inCursorContext: Show = (additional_context) => ({ additional_context });
const asFollowUp: Show = (followup_message) => ({ followup_message });

const EVENTS: { readonly [client: string]: { readonly [event: string]: readonly [Moment, Show] } } = {
  'claude-code': {
    SessionStart: ['start', inContext],
    UserPromptSubmit: ['prompt', inContext],
    PostToolBatch: ['step', inContext],
    PostToolUse: ['step', inContext],
    // Unlike a block it is not shown to the user as an error.
    Stop: ['stop', inContext],
    // All that a session leaves behind is its server's to take back: what is written here a crash would not have written.
    SessionEnd: ['end', inContext],
  },
  codex: {
    SessionStart: ['start', inContext],
    UserPromptSubmit: ['prompt', inContext],
    PostToolUse: ['step', inContext],
    Stop: ['stop', blocking],
  },
  'gemini-cli': {
    SessionStart: ['start', inContext],
    BeforeAgent: ['prompt', inContext],
    AfterTool: ['step', inContext],
    AfterAgent: ['stop', denying],
  },
  cursor: {
    sessionStart: ['start', inCursorContext],
    postToolUse: ['step', inCursorContext],
    stop: ['stop', asFollowUp],
  },
};

/** Undefined for a client or an event that is not known here. */
export function findEvent(client: string, event: string): HookEvent | undefined {
  if (!Object.hasOwn(EVENTS, client) || !Object.hasOwn(EVENTS[client] ?? {}, event)) return undefined;
  const [moment, show] = EVENTS[client]?.[event] ?? [];
  if (moment === undefined || show === undefined) return undefined;
  return { client, event, moment, show: (text) => show(text, event) };
}

/** Every client with its events, for help texts and tests. */
export function listEvents(): { readonly client: string; readonly events: readonly string[] }[] {
  return Object.entries(EVENTS).map(([client, events]) => ({ client, events: Object.keys(events) }));
}
