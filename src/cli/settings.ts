/** The configuration setting by setting: what each comes to, and where from. */
import type { Config, Lanes } from '../config/config.js';
import { SETTINGS } from '../config/schema.js';
import type { Executor } from '../model/executor.js';
import { parseTopicList } from '../model/topic.js';

export interface Resolved {
  /** As in the schema: a key of a table by its dotted name. */
  readonly key: string;
  /** Null where the key is not set and has no default. */
  readonly value: unknown;
  /** `file`, `default`, or the name of an environment variable. */
  readonly source: string;
}

type Key = (typeof SETTINGS)[number]['key'];
type KeyOfExecutor = Extract<Key, `executors.${string}`>;
type KeyOfLanes = Extract<Key, `lanes.${string}`>;
type Values<K extends Key> = Readonly<Record<K, unknown>>;

/** Every setting of `config`, those of each executor by its agent. `fromFile`: the keys that its file sets. */
export function resolveSettings(config: Config, env: NodeJS.ProcessEnv, fromFile: readonly string[]): Resolved[] {
  const values: Values<Exclude<Key, KeyOfExecutor | KeyOfLanes>> = {
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
    toolsets: config.toolsets,
    watch: config.watch,
    durability: config.durability,
    'limits.inbox_messages': config.limits.inboxMessages,
    'limits.inbox_bytes': config.limits.inboxBytes,
    'limits.sends_per_minute': config.limits.sendsPerMinute,
    'limits.thread_messages_per_hour': config.limits.threadMessagesPerHour,
    'wake.on': config.wake.on,
    'wake.methods': config.wake.methods,
    'wake.command': config.wake.command,
    'worker.autospawn': config.autospawn.names.length === 0 ? undefined : config.autospawn.names,
    'worker.writes': config.autospawn.writes,
    'worker.idle_timeout_seconds': config.autospawn.idleTimeoutSeconds,
  };
  const settings = SETTINGS.flatMap((setting): Resolved[] => {
    const { key } = setting;
    const variable = 'env' in setting && (env[setting.env] ?? '') !== '' ? setting.env : undefined;
    const sourceOf = (name: string) => variable ?? (fromFile.includes(name) ? 'file' : 'default');
    if (isOfExecutor(key)) {
      return [...config.executors].map(([agent, executor]) => {
        const name = key.replace('<agent>', agent);
        return { key: name, value: executorValues(executor)[key] ?? null, source: sourceOf(name) };
      });
    }
    if (isOfLanes(key)) {
      if (config.lanes === undefined) return key === 'lanes.argv' ? [{ key, value: null, source: 'default' }] : [];
      return [{ key, value: laneValues(config.lanes)[key] ?? null, source: sourceOf(key) }];
    }
    return [{ key, value: values[key] ?? null, source: sourceOf(key) }];
  });
  const id = { key: 'agent_id', value: config.agentId ?? null, source: 'MCP_DISPATCH_AGENT_ID' };
  const topics = { key: 'topics', value: parseTopicList(config.topics ?? '').topics, source: 'MCP_DISPATCH_TOPICS' };
  return [
    ...settings,
    config.agentId === undefined ? { ...id, source: 'default' } : id,
    config.topics === undefined ? { ...topics, value: null, source: 'default' } : topics,
  ];
}

function isOfExecutor(key: Key): key is KeyOfExecutor {
  return key.startsWith('executors.');
}

function isOfLanes(key: Key): key is KeyOfLanes {
  return key.startsWith('lanes.');
}

function executorValues(executor: Executor): Values<KeyOfExecutor> {
  return {
    'executors.<agent>.argv': executor.argv,
    'executors.<agent>.write_argv': executor.writeArgv,
    'executors.<agent>.stdin': executor.stdin,
    'executors.<agent>.timeout_seconds': executor.timeoutSeconds,
    'executors.<agent>.env': executor.env,
    'executors.<agent>.cwd': executor.cwd,
    'executors.<agent>.models': executor.models.length === 0 ? undefined : executor.models,
  };
}

function laneValues({ repos, host, maxIterations, executor }: Lanes): Values<KeyOfLanes> {
  return {
    'lanes.repos': repos,
    'lanes.argv': executor.argv,
    'lanes.write_argv': executor.writeArgv,
    'lanes.stdin': executor.stdin,
    'lanes.host': host,
    'lanes.max_iterations': maxIterations,
    'lanes.timeout_seconds': executor.timeoutSeconds,
    'lanes.env': executor.env,
    'lanes.cwd': executor.cwd,
  };
}
