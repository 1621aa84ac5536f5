/** Does jobs with the programs of an executor. */
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { DispatchError } from '../model/errors.js';
import { type Executor, placeholderOf } from '../model/executor.js';
import { newSessionId } from '../model/ids.js';
import type { Job } from '../model/job.js';
import type { Files } from '../store/filesystem/files.js';
import { chooseModel, describeFillings, type Fillings, fillArgv, fillStdin } from './argv.js';
import { buildEnvironment } from './environment.js';
import type { Keeper, RunRequest } from './keeper.js';
import { resolveProgram } from './program.js';
import { outputFileIn } from './run-folder.js';
import type { Prepared, Runner, Terms } from './runner.js';
import { verdictOf } from './verdict.js';

export interface ExecutorRunnerOptions {
  /** What it is called, such as the agent it works for. */
  readonly name: string;
  readonly executor: Executor;
  /** What the job fills besides `{output_file}`; by default `{prompt}` and `{model}`. */
  readonly fill?: ((job: Job) => Promise<Fillings>) | undefined;
  readonly keeper: Keeper;
  readonly files: Files;
  /** Of the worker: what the executor names is taken from it. */
  readonly env: NodeJS.ProcessEnv;
  /** Of the worker. */
  readonly cwd: string;
  /** What its programs make files with. */
  readonly umask: number;
}

export class ExecutorRunner implements Runner {
  readonly #programs: { readonly read: string; readonly write: string | undefined };
  readonly #env: RunRequest['env'];
  readonly #cwd: string;

  /** @throws DispatchError `CONFIG_INVALID` where a program or the folder is not there */
  constructor(private readonly options: ExecutorRunnerOptions) {
    const { executor, env, files } = options;
    const { argv, writeArgv } = executor;
    const find = ([program = '']: readonly string[]) => resolveProgram(program, env, files);
    this.#programs = { read: find(argv), write: writeArgv === undefined ? undefined : find(writeArgv) };
    this.#env = buildEnvironment(executor.env, env);
    this.#cwd = executor.cwd ?? options.cwd;
    if (!isFolder(files, this.#cwd)) {
      throw new DispatchError('CONFIG_INVALID', `The executor is to run in ${this.#cwd}, and there is no such folder.`);
    }
  }

  async prepare(job: Job): Promise<Prepared> {
    const { name, executor, fill = (one) => fillOf(one, executor) } = this.options;
    const template = job.write ? executor.writeArgv : executor.argv;
    const program = job.write ? this.#programs.write : this.#programs.read;
    if (template === undefined || program === undefined) {
      throw new DispatchError('NOT_ALLOWED', `The executor ${name} has no write_argv: it does no job that may write.`);
    }
    // TMPDIR may be relative, and the keeper and the program run in other folders.
    const folder = resolve(tmpdir(), `mcp-dispatch-run-${newSessionId()}`);
    const fillings = { ...(await fill(job)), output_file: { text: outputFileIn(folder), by: 'operator' } as const };
    const [, ...args] = fillArgv(template, fillings);
    const input = fillStdin(executor.stdin, fillings);
    const hasOutputFile = template.some((argument) => placeholderOf(argument) === 'output_file');
    const { timeoutSeconds } = executor;
    const request = {
      program,
      args,
      env: this.#env,
      cwd: this.#cwd,
      umask: this.options.umask,
      folder: hasOutputFile || input !== undefined ? folder : undefined,
      input,
      timeoutMs: timeoutSeconds * 1000,
    };
    return {
      about: { executor: name, argv: template, filled: describeFillings(template, executor.stdin, fillings) },
      start: (terms: Terms) => {
        const { outcome, ...run } = this.options.keeper.start({ ...request, ...terms });
        const judged = { name: template[0] ?? '', timeoutSeconds, hasOutputFile };
        return { ...run, verdict: outcome.then((ended) => verdictOf(ended, judged)) };
      },
    };
  }

  async close(): Promise<void> {
    await this.options.keeper.close();
  }
}

async function fillOf({ task }: Job, { models }: Executor): Promise<Fillings> {
  const { prompt } = task;
  const model = chooseModel(models, modelOf(task));
  return {
    prompt: { text: prompt, by: 'job' },
    ...(model === undefined ? {} : { model: { text: model, by: 'operator' } }),
  };
}

/** What the task asks for. @throws DispatchError `INVALID_ARGUMENT` */
export function modelOf({ model }: Job['task']): string | undefined {
  if (model === undefined || model === null) return undefined;
  if (typeof model === 'string') return model;
  throw new DispatchError('INVALID_ARGUMENT', 'The model of the task must be text.', { argument: 'task' });
}

function isFolder(files: Files, path: string): boolean {
  try {
    return files.kindOf(files.realPath(path)) === 'directory';
  } catch {
    return false;
  }
}
