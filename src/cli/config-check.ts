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
import { count, paragraph, table } from './layout.js';
import { exposedWords, startedAtHome } from './runners.js';
import { resolveSettings } from './settings.js';

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
  const { file, problems: found, config: read, fromFile = [] } = await checkConfig(context.env);
  // The same again, from where it can be looked at who else can write the file.
  const config = read?.operatorProblem === undefined ? read : (await context.open()).config;
  const problems =
    config === undefined ? found : [...identityProblems(config), ...topicProblems(config), ...operatorProblems(config)];
  if (config === undefined || problems.length > 0) {
    await report(context, { ok: false, file: file ?? null, problems }, () => [
      ...problems.map(renderProblem),
      `${count(problems.length, 'problem')}. ${consequenceOf(config)}`,
    ]);
    return EXIT.usage;
  }
  const settings = resolveSettings(config, context.env, fromFile);
  const notes = [...exposedWords(config), ...startedAtHome(config)];
  // Only then is it another than dispatch_dir says. Nothing is read or written there.
  const relay = config.scope === 'project' ? (await context.open()).relay.store.location : undefined;
  const where = relay === undefined ? {} : { relay };
  await report(context, { ok: true, file: file ?? null, ...where, settings, notes }, () => {
    const { style, columns } = context.terminal;
    const rows = settings.map(({ key, value, source }) => [key, show(key, value), source]);
    const [head = '', ...lines] = table([['SETTING', 'VALUE', 'FROM'], ...rows]);
    const used = file === undefined ? `none (${DEFAULT_CONFIG_PATH} does not exist)` : printable(file);
    const place = relay === undefined ? [] : [`Relay: ${printable(relay)}`];
    const remarks = notes.flatMap((note) => ['', ...paragraph([`Note: ${note}`], '', columns)]);
    return [`File: ${used}`, ...place, '', style.bold(head), ...lines, ...remarks];
  });
  return EXIT.done;
}

function consequenceOf(config: Config | undefined): string {
  if (config === undefined) return 'The server does not start like this.';
  if (identityProblems(config).length > 0) return 'Every call of a tool fails like this.';
  if (config.operatorProblem !== undefined) return 'The server starts, and no worker does.';
  return 'The server starts, and joins the other topics.';
}

/** Why no executor and no lane exists. */
function operatorProblems({ operatorProblem: message, file }: Config): Problem[] {
  return message === undefined ? [] : [{ message, ...(file === undefined ? {} : { path: file }) }];
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

const WIDEST = 60;

function show(key: string, value: unknown): string {
  const row = key.replace(/^executors\.[^.]+/, 'executors.<agent>');
  const setting = SETTINGS.find((candidate) => candidate.key === row);
  if (value === null) return setting !== undefined && 'whenAbsent' in setting ? `(${setting.whenAbsent})` : '(none)';
  if (value === 0 && setting !== undefined && 'zero' in setting) return `0 (${setting.zero})`;
  if (Array.isArray(value)) return printable(value.join(', '));
  const text = printable(String(value).replaceAll('\n', ' '));
  return key === 'dispatch_dir' || text.length <= WIDEST ? text : `${text.slice(0, WIDEST - 1)}…`;
}
