/** The checked configuration, as the program uses it. */
import type { Executor } from '../model/executor.js';

/** What an agent may do to the others; 0 is no limit. Frozen. */
export interface Limits {
  /** Messages that an inbox may hold. 0 to 1_000_000. @default 10_000 */
  readonly inboxMessages: number;
  /** Bytes that the messages of an inbox may have together. 0 to 1_099_511_627_776 (2^40). @default 67_108_864 (64 MiB) */
  readonly inboxBytes: number;
  /** Sends of one agent in a minute; a broadcast is one. 0 to 100_000. @default 120 */
  readonly sendsPerMinute: number;
  /**
   * Messages of an hour between agents without a word from `human`: in one thread or, outside threads, among the same
   * agents. 0 to 1_000_000. @default 200
   */
  readonly threadMessagesPerHour: number;
}

/** How a session is woken for new mail. Frozen. */
export interface Wake {
  /** For which mail. @default 'direct' */
  readonly on: 'direct' | 'urgent' | 'all' | 'none';
  /** By which methods, in this order; empty for by none. @default all of them, in the order of the type */
  readonly methods: readonly ('claude-socket' | 'codex-queue' | 'claude-channel' | 'command')[];
  /** A program and its arguments, 1 to 32 of at most 1000 characters, with placeholders. Absent: none. */
  readonly command?: readonly string[];
}

/** The work that may be given to repositories. Frozen. */
export interface Lanes {
  /** Absolute path of the list of what may be addressed; read again at each use. @default ~/.repos.json */
  readonly repos: string;
  /** What `{host}` stands for: 1 to 255 characters of a host name, an address or `user@host`. @default 'localhost' */
  readonly host: string;
  /** What `{max_iterations}` stands for. 1 to 10_000. @default 50 */
  readonly maxIterations: number;
  /** Runs the work of every lane; its time is 60 seconds unless configured. */
  readonly executor: Executor;
}

/** The workers that servers start by themselves. Frozen. */
export interface Autospawn {
  /** Names of executors, and `lanes`; each has something to run, and none stands twice. Empty for none. @default none */
  readonly names: readonly string[];
  /** Which jobs that may write they take. @default 'none' */
  readonly writes: 'none' | 'worktrees' | 'all';
  /** Seconds without a job after which one ends. 1 to 86_400. @default 300 */
  readonly idleTimeoutSeconds: number;
}

/** The checked configuration of one process: file and environment together. Frozen. */
export interface Config {
  /** The roster: normalized ids in the order of the file, at least one, no two alike. Absent in dynamic mode. */
  readonly agents?: readonly string[];
  /** Whether a server without an id, where there is no roster, is named after its project. @default 'auto' */
  readonly identity: 'auto' | 'required';
  /** Whether each repository has a relay of its own, below `relayDir`. @default 'user' */
  readonly scope: 'user' | 'project';
  /** Absolute path, normalized, no trailing slash; need not exist. @default ~/.config/mcp-dispatch/messages */
  readonly relayDir: string;
  /** UTF-8 bytes of the stored file. 1024 to 8_388_608. @default 65_536 */
  readonly maxMessageBytes: number;
  /** UTF-8 bytes of one tool answer. 2048 to 1_048_576. @default 10_240 */
  readonly maxReplyBytes: number;
  /** Seconds, 0 = never expires. 0 to 315_360_000 (ten years). @default 0 */
  readonly defaultTtlSeconds: number;
  /** Seconds; how long a sender can ask what became of a message. 86_400 to 315_360_000. @default 604_800 (7 days) */
  readonly receiptRetentionSeconds: number;
  /** Seconds; how long the event log is kept. 86_400 to 315_360_000. @default 2_592_000 (30 days) */
  readonly logRetentionSeconds: number;
  /** Whether the event log holds the text of messages too. @default false */
  readonly logContent: boolean;
  readonly limits: Limits;
  readonly wake: Wake;
  /** Which tools a server offers; at least one. @default all of them */
  readonly toolsets: readonly ('mail' | 'topics' | 'jobs')[];
  /** By the agent whose jobs each runs. Empty also where `operatorProblem` says why none is used. */
  readonly executors: ReadonlyMap<string, Executor>;
  /** Absent where none are configured, and where `operatorProblem` says why they are not used. */
  readonly lanes?: Lanes;
  /** Names none where `operatorProblem` says why none is used. */
  readonly autospawn: Autospawn;
  /** Why the executors and lanes of the file do not exist: the file could be written by others. Absent where nothing is wrong. */
  readonly operatorProblem?: string;
  /** Template with `{agent_id}` and `{agent_list}`, not filled in; 1 to 1999 characters. Absent: the built-in text. */
  readonly instructions?: string;
  /** @default true */
  readonly watch: boolean;
  /** Whether publishing syncs to disk (`full`) or leaves that to the system (`process`). @default 'full' */
  readonly durability: 'full' | 'process';
  /** MCP_DISPATCH_AGENT_ID as it came, neither trimmed nor checked: the relay judges it. Absent when empty or blank. */
  readonly agentId?: string;
  /** MCP_DISPATCH_TOPICS as it came: `parseTopicList` judges it. Absent when empty or blank. */
  readonly topics?: string;
  /** Absolute path of the file that was read. Absent when there was none. */
  readonly file?: string;
}
