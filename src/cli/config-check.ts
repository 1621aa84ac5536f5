/** `config check`: what the configuration comes to and where each part is from, or everything that is wrong with it. */

import { checkConfig } from '../config/load.js';
import { DEFAULT_CONFIG_PATH } from '../config/paths.js';
import { type Problem, printable, renderProblem } from '../config/problem.js';
import { type Config, SETTINGS } from '../config/schema.js';
import { parseAgentId } from '../model/agent-id.js';
import { DispatchError } from '../model/errors.js';
import { parseTopicList } from '../model/topic.js';
import { type Context, type Define, JSON_OPTION, report } from './command.js';
import { EXIT } from './exit-code.js';
import { count, table } from './layout.js';

interface Resolved {
  /** As in the schema: a key of a table by its dotted name. */
  readonly key: string;
  /** Null where the key is not set and has no default. */
  readonly value: unknown;
  /** `file`, `default`, or the name of an environment variable. */
  readonly source: string;
}

export const defineConfig: Define = (program, choose) => {
  program
    .command('config')
    .summary('check the configuration: config check')
    .description('Looks after the configuration.')
    .command('check')
    .summary('show the configuration and where it comes from, or all that is wrong with it')
    .description(
      'Shows which file is used, every setting and where it comes from; or every problem, with exit code 2. Writes nothing.',
    )
    .option(...JSON_OPTION)
    .action((options: { json?: boolean }) => choose(configCheck, options));
};

async function configCheck(context: Context): Promise<number> {
  const { file, problems: found, config, fromFile = [] } = await checkConfig(context.env);
  const problems = config === undefined ? found : [...identityProblems(config), ...topicProblems(config)];
  if (config === undefined || problems.length > 0) {
    await report(context, { ok: false, file: file ?? null, problems }, () => [
      ...problems.map(renderProblem),
      `${count(problems.length, 'problem')}. ${consequenceOf(config)}`,
    ]);
    return EXIT.usage;
  }
  const settings = resolve(config, context.env, fromFile);
  // Only then is it another than dispatch_dir says. Nothing is read or written there.
  const relay = config.scope === 'project' ? (await context.open()).relay.store.location : undefined;
  const where = relay === undefined ? {} : { relay };
  await report(context, { ok: true, file: file ?? null, ...where, settings }, () => {
    const { style } = context.terminal;
    const rows = settings.map(({ key, value, source }) => [key, show(key, value), source]);
    const [head = '', ...lines] = table([['SETTING', 'VALUE', 'FROM'], ...rows]);
    const used = file === undefined ? `none (${DEFAULT_CONFIG_PATH} does not exist)` : printable(file);
    const place = relay === undefined ? [] : [`Relay: ${printable(relay)}`];
    return [`File: ${used}`, ...place, '', style.bold(head), ...lines];
  });
  return EXIT.done;
}

function consequenceOf(config: Config | undefined): string {
  if (config === undefined) return 'The server does not start like this.';
  return identityProblems(config).length > 0
    ? 'Every call of a tool fails like this.'
    : 'The server starts, and joins the other topics.';
}

/** What a server says on stderr at its start. */
function topicProblems({ topics = '' }: Config): Problem[] {
  const key = 'MCP_DISPATCH_TOPICS';
  return parseTopicList(topics, 'topic').problems.map((message) => ({ key, message }));
}

/** What the relay would say of MCP_DISPATCH_AGENT_ID at the first call is said here at once. */
export function identityProblems({ agentId, agents }: Config): Problem[] {
  if (agentId === undefined) return [];
  const key = 'MCP_DISPATCH_AGENT_ID';
  try {
    const agent = parseAgentId(agentId, 'agent id');
    if (agents === undefined || agents.includes(agent)) return [];
    return [{ key, message: `${agent} is not on the roster: ${agents.join(', ')}.` }];
  } catch (error) {
    if (!(error instanceof DispatchError)) throw error;
    return [{ key, message: error.message }];
  }
}

function resolve(config: Config, env: NodeJS.ProcessEnv, fromFile: readonly string[]): Resolved[] {
  const values: Readonly<Record<(typeof SETTINGS)[number]['key'], unknown>> = {
    agents: config.agents,
    identity: config.identity,
    dispatch_dir: config.relayDir,
    scope: config.scope,
    max_message_bytes: config.maxMessageBytes,
    max_reply_bytes: config.maxReplyBytes,
    default_ttl: config.defaultTtlSeconds,
    receipt_retention: config.receiptRetentionSeconds,
    log_retention: config.logRetentionSeconds,
    log_content: config.logContent,
    instructions: config.instructions,
    watch: config.watch,
    durability: config.durability,
    'limits.inbox_messages': config.limits.inboxMessages,
    'limits.inbox_bytes': config.limits.inboxBytes,
    'limits.sends_per_minute': config.limits.sendsPerMinute,
    'limits.thread_messages_per_hour': config.limits.threadMessagesPerHour,
    'wake.on': config.wake.on,
    'wake.methods': config.wake.methods,
    'wake.command': config.wake.command,
  };
  const settings = SETTINGS.map((setting) => {
    const variable = 'env' in setting && (env[setting.env] ?? '') !== '' ? setting.env : undefined;
    const source = variable ?? (fromFile.includes(setting.key) ? 'file' : 'default');
    return { key: setting.key, value: values[setting.key] ?? null, source };
  });
  const id = { key: 'agent_id', value: config.agentId ?? null, source: 'MCP_DISPATCH_AGENT_ID' };
  const topics = { key: 'topics', value: parseTopicList(config.topics ?? '').topics, source: 'MCP_DISPATCH_TOPICS' };
  return [
    ...settings,
    config.agentId === undefined ? { ...id, source: 'default' } : id,
    config.topics === undefined ? { ...topics, value: null, source: 'default' } : topics,
  ];
}

const WIDEST = 60;

function show(key: string, value: unknown): string {
  const setting = SETTINGS.find((candidate) => candidate.key === key);
  if (value === null) return setting !== undefined && 'whenAbsent' in setting ? `(${setting.whenAbsent})` : '(none)';
  if (value === 0 && setting !== undefined && 'zero' in setting) return `0 (${setting.zero})`;
  if (Array.isArray(value)) return printable(value.join(', '));
  const text = printable(String(value).replaceAll('\n', ' '));
  return key === 'dispatch_dir' || text.length <= WIDEST ? text : `${text.slice(0, WIDEST - 1)}…`;
}
