/**
 * git, run without a shell: arguments only, an environment built from a list, no hooks, no monitor, no pager, no prompt, no
 * optional lock, and an end to its time and to what is kept of its output. In a process group of its own, so that what it
 * starts ends with it.
 *
 * Which folder git takes for its repository is the caller's to say. What an executor has run in can hold a `.git` that names
 * a program to run: there it is given `--git-dir` and `--work-tree`, see worktree-place.ts.
 */
import { devNull } from 'node:os';
import { errnoOf } from '../model/errors.js';
import { lazyBuiltin } from '../model/lazy-builtin.js';
import { signal } from './descent.js';

const childProcess = lazyBuiltin<typeof import('node:child_process')>('node:child_process');

const ALWAYS = [
  '--no-pager',
  '--literal-pathspecs',
  '-c',
  `core.hooksPath=${devNull}`,
  '-c',
  'core.fsmonitor=false',
  // A tree of which a part is left out cannot be told from one that lost it.
  '-c',
  'core.sparseCheckout=false',
  // Else an index of our own leaves a part of itself in the repository.
  '-c',
  'core.splitIndex=false',
  '-c',
  'core.quotePath=true',
  '-c',
  'gc.auto=0',
  '-c',
  'maintenance.auto=false',
  '-c',
  'submodule.recurse=false',
];

/** Where its programs and its settings are; nothing that says which repository is meant. */
const HANDED_ON = ['PATH', 'HOME', 'USERPROFILE', 'XDG_CONFIG_HOME', 'SystemRoot', 'TMPDIR', 'TEMP', 'TMP'];

const MOST_OUT = 4 * 1024 * 1024;
const MOST_ERR = 4096;
const GRACE_MS = 500;
/** For what has ended to close its output: a program that a filter left behind may hold it open. */
const OUTPUT_MS = 200;

export interface GitEnd {
  /** Null where it did not end by itself. */
  readonly code: number | null;
  /** What it printed, at most 4 MiB, in the encoding that was asked for. */
  readonly out: string;
  /** There was more. */
  readonly cut: boolean;
  /** The last 4 KiB of its words. */
  readonly err: string;
  /** `time`: it took too long. `aborted`: the caller did not want it any more. `missing`: it could not be started. */
  readonly ended?: 'time' | 'aborted' | 'missing' | undefined;
}

export interface GitCall {
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly input?: string | undefined;
  /** Of `input` and `out`: `latin1` keeps each byte, for names that are no UTF-8. @default 'utf8' */
  readonly encoding?: 'utf8' | 'latin1' | undefined;
  /** Beside what git is given always. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface GitOptions {
  /** An absolute path. */
  readonly program: string;
  /** Of the operator: a few names of it are handed on. */
  readonly env: NodeJS.ProcessEnv;
  /** What it makes files with. */
  readonly umask: number;
}

export class Git {
  readonly #options: GitOptions;
  readonly #env: NodeJS.ProcessEnv;

  constructor(options: GitOptions) {
    this.#options = options;
    this.#env = {
      ...Object.fromEntries(
        HANDED_ON.flatMap((name) => (options.env[name] === undefined ? [] : [[name, options.env[name]]])),
      ),
      // Node hands this one on to each child that is not told otherwise.
      NODE_V8_COVERAGE: undefined,
      LC_ALL: 'C',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: '',
      SSH_ASKPASS: '',
    };
  }

  /** Runs it to its end. Never rejects. */
  async run(
    args: readonly string[],
    { limitMs, signal: wanted, input, encoding = 'utf8', env }: GitCall,
  ): Promise<GitEnd> {
    if (wanted?.aborted) return { code: null, out: '', cut: false, err: '', ended: 'aborted' };
    return new Promise((resolve) => {
      const ours = process.umask(this.#options.umask);
      let child: ReturnType<ReturnType<typeof childProcess>['spawn']>;
      try {
        child = childProcess().spawn(this.#options.program, [...ALWAYS, ...args], {
          cwd: '/',
          env: { ...this.#env, ...env },
          stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
          detached: process.platform !== 'win32',
          windowsHide: true,
        });
      } catch (error) {
        resolve({ code: null, out: '', cut: false, err: errnoOf(error) ?? 'unknown error', ended: 'missing' });
        return;
      } finally {
        process.umask(ours);
      }
      const out: Buffer[] = [];
      let outBytes = 0;
      let err = '';
      let ended: GitEnd['ended'];
      let code: number | null = null;
      let drain: NodeJS.Timeout | undefined;
      let kill: NodeJS.Timeout | undefined;
      const end = (why: 'time' | 'aborted') => {
        if (ended !== undefined || child.pid === undefined) return;
        ended = why;
        const { pid } = child;
        // It removes its lock files, and what it made by half.
        signal(-pid, 'SIGTERM');
        kill = setTimeout(() => signal(-pid, 'SIGKILL'), GRACE_MS);
      };
      const abort = () => end('aborted');
      const limit = setTimeout(() => end('time'), limitMs);
      wanted?.addEventListener('abort', abort, { once: true });
      child.stdout?.on('data', (chunk: Buffer) => {
        if (outBytes < MOST_OUT) out.push(chunk.subarray(0, MOST_OUT - outBytes));
        outBytes += chunk.length;
      });
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        err = (err + text).slice(-MOST_ERR);
      });
      const done = () => {
        for (const timer of [limit, drain, kill]) clearTimeout(timer);
        wanted?.removeEventListener('abort', abort);
        child.stdout?.destroy();
        child.stderr?.destroy();
        const text = Buffer.concat(out).toString(encoding);
        resolve({ code, out: text, cut: outBytes > MOST_OUT, err: err.trim(), ended });
      };
      child.on('error', (error) => {
        if (child.pid !== undefined) return;
        ended = 'missing';
        err = errnoOf(error) ?? 'unknown error';
        done();
      });
      child.on('exit', (status) => {
        code = ended === undefined ? status : null;
        drain = setTimeout(done, OUTPUT_MS);
      });
      child.on('close', done);
      // What does not read it to the end says so by its exit code.
      child.stdin?.on('error', () => {});
      child.stdin?.end(input, encoding);
    });
  }
}

/** The last error of what git said, without its own prefix. */
export function wordsOf({ err }: GitEnd): string {
  const lines = err.split('\n').filter((text) => text.trim() !== '');
  const line = lines.findLast((text) => /^(fatal|error): /.test(text)) ?? lines.at(-1) ?? 'it said nothing';
  return line.replace(/^(fatal|error): /, '').slice(0, 300);
}

/** True for what may go by itself: no room, no time, another at work. */
export function isPassing({ ended, err }: GitEnd): boolean {
  return (
    ended !== undefined ||
    /No space left|unable to (write|create)|could not (write|create)|Disk quota|Cannot allocate|Too many open|Resource temporarily|\.lock'?: File exists/i.test(
      err,
    )
  );
}
