/** What a tool is, and what its handler gets. */
import type * as z from 'zod/v4';
import { lazy } from '../model/lazy.js';
import type { Candidate } from '../relay/mail.js';
import type { Relay } from '../relay/relay.js';
import type { Session } from '../relay/session.js';
import type { Waited } from '../relay/waiting.js';
import type { Reply } from './reply.js';

export interface ToolContext {
  readonly relay: Relay;
  readonly session: Session;
  /** What the tool answers goes in here. */
  readonly reply: Reply;
  /**
   * Waits for mail, and lets other calls go before meanwhile; see `waitForMail`. It claims nothing.
   * @throws DispatchError when the call was cancelled, and what the store throws.
   */
  wait(wait: Wait): Promise<Waited>;
  /** Empties the reply, but for what the server itself has to say in it. */
  startOver(): Promise<void>;
}

export interface Wait {
  readonly seconds: number;
  isThere(pending: readonly Candidate[]): boolean | Promise<boolean>;
  /** What the caller is told every ten seconds, if it wants to know. */
  readonly saying: string;
  /** Whether it is told at the start as well: what it must know even if it never sees the answer. @default false */
  readonly saidFirst?: boolean | undefined;
  /** See `WaitOptions`. */
  readonly againMs?: number | undefined;
}

export interface Tool<Input extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The schema of its arguments, made when a call or a listing first needs it. */
  readonly input: () => Input;
  readonly annotations: {
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
  /** Offered to the model at once, where the client defers tools. */
  readonly alwaysLoad: boolean;
  /** Words that a model may look for it with, where the client defers it: at most 50 characters. */
  readonly searchHint?: string;
  /** False when unread mail must not ride on the answer, because the answer is mail. */
  readonly piggyback: boolean;
  handle(args: z.output<Input>, context: ToolContext): Promise<void>;
}

/** Ties the handler's arguments to the schema, which is made once. */
export function defineTool<Input extends z.ZodObject>(tool: Tool<Input>): Tool {
  return { ...tool, input: lazy(tool.input) } as unknown as Tool;
}
