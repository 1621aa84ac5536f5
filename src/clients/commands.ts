/** Runs the programs of clients, and what their files name; the one place of this room that starts processes. */
import { spawn } from 'node:child_process';
import path from 'node:path';

export interface Ran {
  /** Undefined when it did not end by itself, or could not be started. */
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
  /** Why there is no code, as the end of a sentence. */
  readonly failure?: string;
}

export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly timeoutMs: number;
  /** What it reads on stdin, which then ends. @default '' */
  readonly input?: string;
  /** Ends it as soon as it has printed what is looked for. stdin stays open until then. */
  readonly until?: (out: string) => boolean;
  /** The first word is a line for the shell, as clients run their hooks. */
  readonly shell?: boolean;
}

// More than any of them prints, and a bound on what one that runs wild can make us keep.
const MAX_OUTPUT = 1024 * 1024;
// What was printed before the end is read within it.
const DRAIN_MS = 500;

/** Runs a program to its end, at most `timeoutMs`; nothing of it is left running. Does not throw. */
export function run([program = '', ...args]: readonly string[], options: RunOptions): Promise<Ran> {
  const { env, cwd, timeoutMs, input = '', until } = options;
  // Windows runs the shims of npm (.cmd) through its shell only.
  const shim = process.platform === 'win32' && /\.(cmd|bat)$/i.test(program);
  const shell = options.shell === true || shim;
  const words = shim ? [quoteForCmd(program), ...args.map(quoteForCmd)] : [program, ...args];
  return new Promise((resolve) => {
    const child = spawn(words[0] ?? '', words.slice(1), {
      env,
      cwd,
      shell,
      stdio: 'pipe',
      windowsHide: true,
      // A group of its own, so that what it has started ends with it.
      detached: process.platform !== 'win32',
    });
    let [out, err] = ['', ''];
    let failure: string | undefined;
    let settled = false;
    const end = (reason?: string) => {
      failure ??= reason;
      killGroup(child.pid);
    };
    const timer = setTimeout(() => end(`did not end within ${timeoutMs / 1000} s`), timeoutMs);
    const settle = (code: number | null) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      killGroup(child.pid);
      const known = code !== null && failure === undefined ? code : undefined;
      const why = failure ?? (code === null ? 'was ended by a signal' : undefined);
      resolve({ code: known, out, err, ...(why === undefined ? {} : { failure: why }) });
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (until?.(out) === true) return settle(0);
      if (out.length > MAX_OUTPUT) end('printed more than 1 MiB');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err = (err + text).slice(-MAX_OUTPUT);
    });
    child.on('error', (error) => {
      failure ??= `could not be started: ${error.message}`;
      settle(null);
    });
    child.on('close', settle);
    // What it left behind may hold the pipes for ever.
    child.on('exit', (code) => setTimeout(() => settle(code), DRAIN_MS).unref());
    child.stdin.on('error', () => {});
    if (until === undefined) child.stdin.end(input);
    else child.stdin.write(input);
  });
}

/** The name without folder and ending: what a person calls the program. */
export function programName(program: string): string {
  return path.basename(program).replace(/\.(exe|cmd|bat|com)$/i, '');
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

function quoteForCmd(word: string): string {
  return /^[\w./:\\@-]+$/.test(word) ? word : `"${word.replaceAll('"', '""')}"`;
}
