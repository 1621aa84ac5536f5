/**
 * What the operator wrote about how work is run. A template decides the command; a job fills the places that it leaves, each
 * of them one whole argument or all of stdin, and nothing else.
 */

export interface Executor {
  /**
   * The program and its arguments, 1 to 64 of at most 4096 characters. An argument that is `{name}` and no more is a
   * placeholder; the program is none. Run without a shell.
   */
  readonly argv: readonly string[];
  /** The same for jobs that may change things. Absent: those are refused. */
  readonly writeArgv?: readonly string[];
  /** The placeholder whose filling is the program's stdin. Absent: it reads nothing. */
  readonly stdin?: string;
  /** Seconds, after which all of its processes are ended. 1 to 86_400. @default 1800, for lanes 60 */
  readonly timeoutSeconds: number;
  /** Names of the variables that the program sees, each once. @default PATH and HOME */
  readonly env: readonly string[];
  /** Absolute path. Absent: the directory of the worker. */
  readonly cwd?: string;
  /** The models that a job may ask for; the first is `{model}` where it asks for none. Not empty where `{model}` is used. */
  readonly models: readonly string[];
}

/** What the worker of the lanes is called, where no executor has that name. */
export const LANES = 'lanes';

/** The name of the placeholder that this argument is; undefined for one that is the operator's own words. */
export function placeholderOf(argument: string): string | undefined {
  return /^\{([a-z_]+)\}$/.exec(argument)?.[1];
}

/**
 * True where no program takes the argument at `index` for an option: "--" stands before it, with nothing but other
 * placeholders between. Any other word between might be a second program, to which the "--" says nothing:
 * `timeout 60 -- codex exec {prompt}`. What is put elsewhere must not begin with "-".
 */
export function isBehindDashes(argv: readonly string[], index: number): boolean {
  let before = index - 1;
  while (before > 0 && placeholderOf(argv[before] ?? '') !== undefined) before--;
  return before > 0 && argv[before] === '--';
}
