/** The configuration of this process: the file, then the environment over it. Never silently the defaults. */
import path from 'node:path';
import { checkDocument } from './document.js';
import { autospawnOf, executorOf, lanesOf } from './executors.js';
import { laneOverrides } from './overrides.js';
import { DEFAULT_CONFIG_PATH, expandPath, findHome } from './paths.js';
import { configError, type Problem } from './problem.js';
import { readConfigText } from './read-file.js';
import { type Config, DEFAULTS, type Values } from './schema.js';
import { judgePath } from './validate.js';
import { type Contents, NO_CONTENTS } from './walk.js';

export interface ConfigCheck {
  /** Absolute path of the file that was read or should have been. Absent when there is no default file. */
  readonly file?: string;
  /** In the order of the file, then the environment. */
  readonly problems: readonly Problem[];
  /** Present exactly when there are no problems. */
  readonly config?: Config;
  /** The keys that the file sets; an environment variable may win over them all the same. Present with `config`. */
  readonly fromFile?: readonly string[];
}

/** Why somebody else could have written the file at this path, as a clause; undefined where nobody else can. */
export type FindOthers = (file: string) => string | undefined;

/**
 * The checked configuration. Reads at most one file and writes nothing.
 * @param findOthers looks at who can write the file, where it says what is to be run; nothing is run where nobody has looked.
 * @throws DispatchError `CONFIG_INVALID` for the first problem; its message says how many more there are.
 */
export async function loadConfig(env: NodeJS.ProcessEnv, findOthers?: FindOthers): Promise<Config> {
  const { problems, config } = await checkConfig(env, findOthers);
  if (config === undefined) throw configError(problems);
  return config;
}

/** The same, with every problem instead of an error for the first. Does not throw for what a user can get wrong. */
export async function checkConfig(env: NodeJS.ProcessEnv, findOthers?: FindOthers): Promise<ConfigCheck> {
  const home = findHome();
  const problems: Problem[] = [];
  let contents = NO_CONTENTS;

  const named = env.MCP_DISPATCH_CONFIG || undefined;
  const file = placeOf(named, home, problems);
  const read = file === undefined ? { missing: true as const } : readConfigText(file);
  const used = file !== undefined && (named !== undefined || !('missing' in read)) ? { file } : {};
  if ('problem' in read) problems.push(read.problem);
  else if ('text' in read && file !== undefined) {
    const document = await checkDocument(file, read.text, home);
    contents = document;
    problems.push(...document.problems);
  } else if (named !== undefined && file !== undefined) {
    const message = 'MCP_DISPATCH_CONFIG names this file, and it does not exist. Create it, or unset the variable.';
    problems.push({ path: file, message });
  }

  const relayDir = relayDirOf(env.MCP_DISPATCH_DIR || undefined, contents.values.dispatch_dir, home, problems);
  const overridden = laneOverrides(env, contents.values, home, problems);
  if (problems.length > 0 || relayDir === undefined) return { ...used, problems };
  const settled = { ...contents, values: overridden };
  const config = Object.freeze({
    ...configOf(env, overridden, relayDir),
    ...runnersOf(settled, file, findOthers),
    ...used,
  });
  return { ...used, problems, config, fromFile: namesOf(contents) };
}

/** What runs work, or why nothing does: whoever can write the file would choose what is run. */
function runnersOf(
  { values, executors }: Contents,
  file: string | undefined,
  findOthers: FindOthers = () => 'nobody has looked who can write it',
): Pick<Config, 'executors' | 'lanes' | 'autospawn' | 'operatorProblem'> {
  const lanes = lanesOf(values);
  const nothing = { executors: new Map(), autospawn: autospawnOf({ ...values, 'worker.autospawn': [] }) };
  if (file === undefined || (executors.size === 0 && lanes === undefined)) return nothing;
  const others = findOthers(file);
  if (others !== undefined) {
    const operatorProblem = `${others}, so no executor and no lane of this file exists: it says what is run here.`;
    return { ...nothing, operatorProblem };
  }
  const made = new Map([...executors].map(([agent, of]) => [agent, executorOf(of)]));
  return { executors: made, autospawn: autospawnOf(values), ...(lanes === undefined ? {} : { lanes }) };
}

function namesOf({ values, executors }: Contents): string[] {
  const inTables = [...executors].flatMap(([agent, of]) => Object.keys(of).map((key) => `executors.${agent}.${key}`));
  return [...Object.keys(values), ...inTables];
}

/**
 * Where the file is. A relative MCP_DISPATCH_CONFIG is taken from the working directory, unlike all other paths: it is
 * what a person types in a shell, and since the file must exist, a wrong working directory cannot go unnoticed.
 */
function placeOf(named: string | undefined, home: string | undefined, problems: Problem[]): string | undefined {
  const wanted = named ?? DEFAULT_CONFIG_PATH;
  const relative = named !== undefined && !named.startsWith('~') ? path.resolve(named) : undefined;
  const file = expandPath(wanted, home) ?? relative;
  if (file !== undefined && !wanted.includes('\0')) return file;
  let message = 'of paths that begin with "~", only "~" and "~/..." are understood. Write an absolute path.';
  if (file !== undefined) message = 'a path cannot contain a NUL character.';
  else if (home === undefined) {
    const remedy = 'Set HOME, or MCP_DISPATCH_CONFIG to an absolute path.';
    message = `no home directory is known, so ${wanted} cannot be found. ${remedy}`;
  }
  problems.push({ key: named === undefined ? 'HOME' : 'MCP_DISPATCH_CONFIG', message });
  return undefined;
}

function relayDirOf(
  fromEnv: string | undefined,
  fromFile: string | undefined,
  home: string | undefined,
  problems: Problem[],
): string | undefined {
  if (fromEnv === undefined && fromFile !== undefined) return fromFile;
  const verdict = judgePath(fromEnv ?? DEFAULTS.dispatch_dir, home);
  if (verdict.faults === undefined) return verdict.value as string;
  // Without a home directory the missing configuration file has been reported already, unless another was named.
  const key = fromEnv === undefined ? 'HOME' : 'MCP_DISPATCH_DIR';
  if (!problems.some((problem) => problem.key === key)) {
    problems.push(...verdict.faults.map(({ message }) => ({ key, message })));
  }
  return undefined;
}

function configOf(env: NodeJS.ProcessEnv, values: Values, relayDir: string): Omit<Config, 'executors' | 'autospawn'> {
  const settled = { ...DEFAULTS, ...values };
  const { MCP_DISPATCH_AGENT_ID: agentId, MCP_DISPATCH_TOPICS: topics } = env;
  return {
    ...(settled.agents === undefined ? {} : { agents: settled.agents }),
    identity: settled.identity,
    relayDir,
    scope: settled.scope,
    maxMessageBytes: settled.max_message_bytes,
    maxReplyBytes: settled.max_reply_bytes,
    defaultTtlSeconds: settled.default_ttl,
    receiptRetentionSeconds: settled.receipt_retention,
    logRetentionSeconds: settled.log_retention,
    logContent: settled.log_content,
    limits: Object.freeze({
      inboxMessages: settled['limits.inbox_messages'],
      inboxBytes: settled['limits.inbox_bytes'],
      sendsPerMinute: settled['limits.sends_per_minute'],
      threadMessagesPerHour: settled['limits.thread_messages_per_hour'],
    }),
    wake: Object.freeze({
      on: settled['wake.on'],
      methods: settled['wake.methods'],
      ...(settled['wake.command'] === undefined ? {} : { command: settled['wake.command'] }),
    }),
    toolsets: settled.toolsets,
    ...(settled.instructions === undefined ? {} : { instructions: settled.instructions }),
    watch: settled.watch,
    durability: settled.durability,
    ...(agentId === undefined || agentId.trim() === '' ? {} : { agentId }),
    ...(topics === undefined || topics.trim() === '' ? {} : { topics }),
  };
}
