/** What must hold of a template as a whole, beyond what holds of each of its keys. */
import { AGENT_ID_RULE, isAgentId, isReserved, normalizeName, quoteName } from '../model/agent-id.js';
import { placeholderOf } from '../model/executor.js';
import { codeProblem } from './code-runners.js';

/** The keys of an executor, or of the lanes, that make the command. */
export interface Template {
  readonly argv?: readonly string[] | undefined;
  readonly write_argv?: readonly string[] | undefined;
  readonly stdin?: string | undefined;
  readonly models?: readonly string[] | undefined;
}

interface Rule {
  /** What it is called in a sentence. */
  readonly what: string;
  /** The placeholder of the job's own words. */
  readonly words: string;
  /** What the arguments must hold besides. */
  readonly needed: readonly string[];
}

export const EXECUTOR_RULE: Rule = { what: 'an executor', words: 'prompt', needed: [] };

/** Without {repo} the work of one repository would be done in another. */
export const LANE_RULE: Rule = { what: 'lanes', words: 'task', needed: ['repo'] };

/** What is wrong with the name of an executor; undefined when nothing is. */
export function executorNameProblem(agent: string): string | undefined {
  if (isAgentId(agent)) return undefined;
  const name = normalizeName(agent);
  if (isAgentId(name)) return `an executor is called as its agent is: write ${name}.`;
  const why = isReserved(name) ? 'is a reserved name' : 'is not a valid name';
  return `${quoteName(agent)} ${why}. ${AGENT_ID_RULE}`;
}

/** Everything wrong with it, each with the key that it is about. */
export function templateProblems(template: Template, rule: Rule): { key: keyof Template; message: string }[] {
  const { argv, write_argv: writeArgv } = template;
  if (argv === undefined) {
    const example = `argv = ["codex", "exec", "--", "{${rule.words}}"]`;
    return [{ key: 'argv', message: `${rule.what} must say what to run, as an array, like ${example}.` }];
  }
  const of = (key: 'argv' | 'write_argv', command: readonly string[]) =>
    commandProblems(command, template, rule).map((message) => ({ key, message }));
  return [...of('argv', argv), ...(writeArgv === undefined ? [] : of('write_argv', writeArgv))];
}

function commandProblems(argv: readonly string[], { stdin, models = [] }: Template, rule: Rule): string[] {
  const used = new Set(argv.map(placeholderOf));
  const problems: string[] = [];
  const words = `{${rule.words}}`;
  if (!used.has(rule.words) && stdin !== words) {
    const places = `as an argument of its own, behind a "--", or as stdin = "${words}"`;
    problems.push(`${words} stands nowhere, so no job would reach the program. Put it ${places}.`);
  }
  for (const name of rule.needed.filter((needed) => !used.has(needed))) {
    problems.push(`{${name}} must be one of the arguments.`);
  }
  if (used.has('model') && models.length === 0) {
    problems.push('{model} has nothing to stand for: name the models that are allowed, like models = ["gpt-5.4"].');
  }
  const code = codeProblem(argv, stdin, rule.words);
  return code === undefined ? problems : [...problems, code];
}
