/**
 * What can be configured: one row a key. Validation, the hints for misspelled keys, the README's table and the test of
 * config.example.toml all read these rows, so a new key is one row here and one field in `Config`.
 *
 * Imported at every start of a server: data only, no TOML parser and no zod.
 */
import { EXECUTOR_SETTINGS, LANE_SETTINGS, WORKER_SETTINGS } from './job-settings.js';
import { DEFAULT_CONFIG_PATH, DEFAULT_RELAY_PATH } from './paths.js';
import type { Setting } from './setting.js';

export type { Config } from './config.js';
export type { Setting };

/** The optional table that the keys may also stand in, so that one file can serve several programs. */
export const SECTION = 'dispatch';

export const SETTINGS = [
  {
    key: 'agents',
    type: 'agent ids',
    whenAbsent: 'dynamic mode: any valid name may join',
    description: 'The roster: the only agents that may join; a server without an id claims the first free name.',
  },
  {
    key: 'identity',
    type: 'choice',
    default: 'auto',
    values: ['auto', 'required'],
    description:
      'Without a roster, what becomes of a server without an id: it is named after its project (`auto`), or its calls fail (`required`).',
  },
  {
    key: 'dispatch_dir',
    type: 'path',
    default: DEFAULT_RELAY_PATH,
    env: 'MCP_DISPATCH_DIR',
    description: 'The relay directory that all agents share: an absolute path, or one that begins with `~/`.',
  },
  {
    key: 'scope',
    type: 'choice',
    default: 'user',
    values: ['user', 'project'],
    description:
      'Who shares a relay: all agents of the user (`user`), or those that work in one repository (`project`), below the relay directory.',
  },
  {
    key: 'max_message_bytes',
    type: 'integer',
    default: 65_536,
    min: 1024,
    max: 8_388_608,
    unit: 'bytes',
    description: 'The largest message that is accepted, counted in UTF-8 bytes of the stored file.',
  },
  {
    key: 'max_reply_bytes',
    type: 'integer',
    default: 10_240,
    // Codex cuts the middle out of a result over 12 KB: DESIGN, section 4.
    min: 2048,
    max: 1_048_576,
    unit: 'bytes',
    description: 'The largest reply of a tool; what does not fit is announced and fetched with the next call.',
  },
  {
    key: 'default_ttl',
    type: 'integer',
    default: 0,
    min: 0,
    // Ten years of 365 days.
    max: 315_360_000,
    unit: 'seconds',
    zero: 'no expiry',
    description: 'The lifetime of messages sent without `ttl`.',
  },
  {
    key: 'receipt_retention',
    type: 'integer',
    default: 604_800,
    // One day: receipts are the evidence for an idempotency key, which holds for 24 hours.
    min: 86_400,
    max: 315_360_000,
    unit: 'seconds',
    description: 'How long a sender can ask what became of a message.',
  },
  {
    key: 'log_retention',
    type: 'integer',
    default: 2_592_000,
    min: 86_400,
    max: 315_360_000,
    unit: 'seconds',
    description: 'How long the event log of the relay is kept.',
  },
  {
    key: 'log_content',
    type: 'boolean',
    default: false,
    description: 'Whether the event log holds the text of messages too, not only who sent what to whom and when.',
  },
  {
    key: 'instructions',
    type: 'template',
    // Clients cut longer instructions: DESIGN, section 6.
    maxLength: 1999,
    placeholders: ['agent_id', 'agent_list'],
    whenAbsent: 'the built-in text',
    description: 'What a client tells its model about this server; `{agent_id}` and `{agent_list}` are filled in.',
  },
  {
    key: 'toolsets',
    type: 'choices',
    default: ['mail', 'topics', 'jobs'],
    values: ['mail', 'topics', 'jobs'],
    whenEmpty: 'so a client would find no tool at all. Name one, or leave the key out for all',
    description:
      'Which tools a server offers: `mail` is `dispatch`, `peek`, `ack` and `who`, `topics` is `join` and `leave`, `jobs` is durable work.',
  },
  {
    key: 'watch',
    type: 'boolean',
    default: true,
    description:
      'Whether to watch for mail and announce it on stderr. Without it nothing is announced there, and what waits for mail looks every 2 seconds.',
  },
  {
    key: 'durability',
    type: 'choice',
    default: 'full',
    values: ['full', 'process'],
    description: 'Whether what was answered `sent` survives a power cut (`full`) or, faster, only a crash (`process`).',
  },
  {
    key: 'limits.inbox_messages',
    type: 'integer',
    default: 10_000,
    min: 0,
    max: 1_000_000,
    unit: 'messages',
    zero: 'no limit',
    description: 'How many messages an inbox may hold.',
  },
  {
    key: 'limits.inbox_bytes',
    type: 'integer',
    default: 67_108_864,
    min: 0,
    // 2^40.
    max: 1_099_511_627_776,
    unit: 'bytes',
    zero: 'no limit',
    description: 'How many bytes the messages in an inbox may have together.',
  },
  {
    key: 'limits.sends_per_minute',
    type: 'integer',
    default: 120,
    min: 0,
    max: 100_000,
    unit: 'sends',
    zero: 'no limit',
    description: 'How often one agent may send in a minute; a broadcast counts once.',
  },
  {
    key: 'limits.thread_messages_per_hour',
    type: 'integer',
    default: 200,
    min: 0,
    max: 1_000_000,
    unit: 'messages',
    zero: 'no limit',
    description:
      'How many messages agents may exchange in an hour without a word from `human`: in a thread, else among the same ones.',
  },
  {
    key: 'wake.on',
    type: 'choice',
    default: 'direct',
    values: ['direct', 'urgent', 'all', 'none'],
    description:
      'Which mail wakes an idle session: what is addressed to its agent or a topic of it, or urgent (`direct`); only what is `urgent`; `all`; `none`.',
  },
  {
    key: 'wake.methods',
    type: 'choices',
    default: ['claude-socket', 'codex-queue', 'claude-channel', 'command'],
    values: ['claude-socket', 'codex-queue', 'claude-channel', 'command'],
    description: 'How it is woken: the first of these, in this order, that works in the client it runs in.',
  },
  {
    key: 'wake.command',
    type: 'argv',
    maxItems: 32,
    maxLength: 1000,
    placeholders: ['agent', 'count', 'from', 'notice'],
    whenAbsent: 'none',
    description:
      'What the method `command` runs, without a shell: a program and its arguments, in which `{agent}`, `{count}`, `{from}` and `{notice}` are filled in.',
  },
  ...EXECUTOR_SETTINGS,
  ...LANE_SETTINGS,
  ...WORKER_SETTINGS,
] as const satisfies readonly Setting[];

/** The environment variables that are read. An empty one counts as not set. */
export const ENVIRONMENT = [
  {
    name: 'MCP_DISPATCH_CONFIG',
    description: `The configuration file, which must exist; without it \`${DEFAULT_CONFIG_PATH}\`, which may be missing.`,
  },
  { name: 'MCP_DISPATCH_DIR', description: 'The relay directory; wins over `dispatch_dir`.' },
  {
    name: 'MCP_DISPATCH_AGENT_ID',
    description:
      'The name that this server serves; without one it is the first free name of the roster or, without a roster, one from the project.',
  },
  {
    name: 'MCP_DISPATCH_TOPICS',
    description:
      'Topics that the agent joins when its session starts, separated by commas, with or without `#`; a bad name is reported and left out.',
  },
  {
    name: 'DISPATCH_REPOS_JSON',
    description: 'The list of the lanes; wins over `lanes.repos`, where there are lanes.',
  },
  { name: 'DISPATCH_SSH_HOST', description: 'Wins over `lanes.host`, where there are lanes.' },
  { name: 'DISPATCH_MAX_ITERATIONS', description: 'Wins over `lanes.max_iterations`, where there are lanes.' },
  { name: 'DISPATCH_TIMEOUT', description: 'Seconds; wins over `lanes.timeout_seconds`, where there are lanes.' },
] as const;

type Rows = (typeof SETTINGS)[number];
type ValueOf<S> = S extends { type: 'agent ids' }
  ? readonly string[]
  : S extends { type: 'integer' }
    ? number
    : S extends { type: 'boolean' }
      ? boolean
      : S extends { type: 'choice'; values: readonly (infer V)[] }
        ? V
        : S extends { type: 'choices'; values: readonly (infer V)[] }
          ? readonly V[]
          : S extends { type: 'argv' | 'variables' | 'texts' }
            ? readonly string[]
            : string;

/** The values of a file by key, checked; a key that the file does not set is absent. */
export type Values = { readonly [S in Rows as S['key']]?: ValueOf<S> };

/** The same of one executor, by key within its table. */
export type ExecutorValues = {
  readonly [K in keyof Values as K extends `executors.<agent>.${infer Key}` ? Key : never]: Values[K];
};
type Defaults = { readonly [S in Extract<Rows, { default: unknown }> as S['key']]: ValueOf<S> };

/** The default of each key that has one. */
export const DEFAULTS = Object.fromEntries(
  SETTINGS.flatMap((setting) => ('default' in setting ? [[setting.key, setting.default]] : [])),
) as unknown as Defaults;
