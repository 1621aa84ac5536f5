/** From the values of a file to what runs work. */
import type { Executor } from '../model/executor.js';
import type { Autospawn, Lanes } from './config.js';
import { DEFAULTS, type ExecutorValues, type Values } from './schema.js';

type Parts = { readonly [K in keyof Omit<ExecutorValues, 'stdin'>]?: ExecutorValues[K] | undefined } & {
  readonly stdin?: string | undefined;
};

/** `values` of an executor in which nothing is wrong. */
export function executorOf(values: Parts): Executor {
  return Object.freeze({
    argv: values.argv ?? [],
    ...(values.write_argv === undefined ? {} : { writeArgv: values.write_argv }),
    ...(values.stdin === undefined ? {} : { stdin: values.stdin }),
    timeoutSeconds: values.timeout_seconds ?? DEFAULTS['executors.<agent>.timeout_seconds'],
    env: values.env ?? DEFAULTS['executors.<agent>.env'],
    ...(values.cwd === undefined ? {} : { cwd: values.cwd }),
    models: values.models ?? [],
  });
}

/** The lanes, where there is a command for them. `values` with what the environment says over them. */
export function lanesOf(values: Values): Lanes | undefined {
  const argv = values['lanes.argv'];
  if (argv === undefined) return undefined;
  const settled = { ...DEFAULTS, ...values };
  return Object.freeze({
    repos: settled['lanes.repos'],
    host: settled['lanes.host'],
    maxIterations: settled['lanes.max_iterations'],
    executor: executorOf({
      argv,
      write_argv: settled['lanes.write_argv'],
      stdin: settled['lanes.stdin'],
      timeout_seconds: settled['lanes.timeout_seconds'],
      env: settled['lanes.env'],
      cwd: settled['lanes.cwd'],
    }),
  });
}

/** Which workers servers start. `values` in which nothing is wrong. */
export function autospawnOf(values: Values): Autospawn {
  const settled = { ...DEFAULTS, ...values };
  return Object.freeze({
    names: settled['worker.autospawn'] ?? [],
    writes: settled['worker.writes'],
    idleTimeoutSeconds: settled['worker.idle_timeout_seconds'],
  });
}
