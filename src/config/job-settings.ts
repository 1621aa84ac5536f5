/**
 * The rows of what runs work: an executor of each agent, the lanes, and which of them are run unasked. Whoever can write these
 * keys chooses the commands that run here, so they count only from a file that nobody else can write: see `Config.operatorProblem`.
 */
import type { Setting } from './setting.js';

const MOST_ARGUMENTS = { maxItems: 64, maxLength: 4096 } as const;

const TIMEOUT = { type: 'integer', min: 1, max: 86_400, unit: 'seconds' } as const;

const VARIABLES = { type: 'variables', default: ['PATH', 'HOME'], maxItems: 64 } as const;

export const EXECUTOR_SETTINGS = [
  {
    key: 'executors.<agent>.argv',
    type: 'argv',
    ...MOST_ARGUMENTS,
    placeholders: ['prompt', 'output_file', 'model'],
    whole: true,
    whenAbsent: 'required',
    description:
      'What runs the jobs of this agent, without a shell: a program and its arguments, of which `{prompt}`, `{output_file}` and `{model}` are filled in.',
  },
  {
    key: 'executors.<agent>.write_argv',
    type: 'argv',
    ...MOST_ARGUMENTS,
    placeholders: ['prompt', 'output_file', 'model'],
    whole: true,
    whenAbsent: 'jobs that write are refused',
    description:
      'The same for jobs that may change things, which a worker runs with `--writes worktrees` or `all` only.',
  },
  {
    key: 'executors.<agent>.stdin',
    type: 'choice',
    values: ['{prompt}'],
    whenAbsent: 'nothing',
    description: 'What the program reads on its stdin.',
  },
  {
    key: 'executors.<agent>.timeout_seconds',
    ...TIMEOUT,
    default: 1800,
    description: 'How long a job may run before all of its processes are ended.',
  },
  {
    key: 'executors.<agent>.env',
    ...VARIABLES,
    description: 'The variables of the worker that the program sees; it sees no others.',
  },
  {
    key: 'executors.<agent>.cwd',
    type: 'path',
    whenAbsent: 'that of the worker, which is your home where a server starts it',
    description: 'The directory that the program runs in.',
  },
  {
    key: 'executors.<agent>.models',
    type: 'texts',
    maxItems: 32,
    maxLength: 200,
    whenAbsent: 'none',
    description: 'The models that a job may ask for; `{model}` is the first of them where it asks for none.',
  },
] as const satisfies readonly Setting[];

const LANE_PLACEHOLDERS = ['orguser', 'repo', 'task', 'host', 'max_iterations'] as const;

export const LANE_SETTINGS = [
  {
    key: 'lanes.repos',
    type: 'path',
    default: '~/.repos.json',
    env: 'DISPATCH_REPOS_JSON',
    description: 'The list of the repositories that jobs may be addressed to, read again at each use.',
  },
  {
    key: 'lanes.argv',
    type: 'argv',
    ...MOST_ARGUMENTS,
    placeholders: LANE_PLACEHOLDERS,
    whole: true,
    whenAbsent: 'no lanes',
    description:
      'What runs the jobs of a lane, without a shell; `{orguser}`, `{repo}`, `{task}`, `{host}` and `{max_iterations}` are filled in.',
  },
  {
    key: 'lanes.write_argv',
    type: 'argv',
    ...MOST_ARGUMENTS,
    placeholders: LANE_PLACEHOLDERS,
    whole: true,
    whenAbsent: 'jobs that write are refused',
    description:
      'The same for jobs that may change things, which a worker runs with `--writes worktrees` or `all` only.',
  },
  {
    key: 'lanes.stdin',
    type: 'choice',
    values: ['{task}'],
    whenAbsent: 'nothing',
    description: 'What the program reads on its stdin.',
  },
  {
    key: 'lanes.host',
    type: 'host',
    default: 'localhost',
    env: 'DISPATCH_SSH_HOST',
    description: 'What `{host}` stands for.',
  },
  {
    key: 'lanes.max_iterations',
    type: 'integer',
    default: 50,
    min: 1,
    max: 10_000,
    unit: 'iterations',
    env: 'DISPATCH_MAX_ITERATIONS',
    description: 'What `{max_iterations}` stands for.',
  },
  {
    key: 'lanes.timeout_seconds',
    ...TIMEOUT,
    default: 60,
    env: 'DISPATCH_TIMEOUT',
    description: 'How long the job of a lane may run before all of its processes are ended.',
  },
  {
    key: 'lanes.env',
    ...VARIABLES,
    description: 'The variables of the worker that the program sees; it sees no others.',
  },
  {
    key: 'lanes.cwd',
    type: 'path',
    whenAbsent: 'that of the worker, which is your home where a server starts it',
    description: 'The directory that the program runs in.',
  },
] as const satisfies readonly Setting[];

export const WORKER_SETTINGS = [
  {
    key: 'worker.autospawn',
    type: 'texts',
    maxItems: 32,
    maxLength: 64,
    whenAbsent: 'none: workers are started by hand',
    description:
      'The executors, by name, and `lanes`, for which a server starts a worker when jobs wait for one and none is alive.',
  },
  {
    key: 'worker.writes',
    type: 'choice',
    default: 'none',
    values: ['none', 'worktrees', 'all'],
    description:
      'Which jobs that may change things such a worker takes: `none`, those in a worktree of their own (`worktrees`), or `all`.',
  },
  {
    key: 'worker.idle_timeout_seconds',
    type: 'integer',
    default: 300,
    min: 1,
    max: 86_400,
    unit: 'seconds',
    description: 'After how long without a job such a worker ends.',
  },
] as const satisfies readonly Setting[];
