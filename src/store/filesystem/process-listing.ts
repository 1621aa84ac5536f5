/** What the system says of a process that is not ours: by /proc where there is one, else by `ps`. */
import { join } from 'node:path';
import { lazyBuiltin } from '../../model/lazy-builtin.js';
import type { Kin } from './client-process.js';
import type { Files } from './files.js';

const childProcess = lazyBuiltin<typeof import('node:child_process')>('node:child_process');

export interface ProcessStat {
  /** As one letter. */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly leadsTerminal: boolean;
  readonly start: string;
}

/** What /proc says of a process; undefined where it says nothing. See proc_pid_stat(5). */
export function readStat(files: Files, proc: string, pid: number): ProcessStat | undefined {
  const stat = files.readKernelFile(join(proc, String(pid), 'stat'));
  if (stat === undefined) return undefined;
  // "pid (command) state ppid ...": the command may hold spaces and brackets, so count from its last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent, group, session, terminal] = fields;
  return {
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    leadsTerminal: Number(session) === pid && Number(terminal) !== 0,
    start: fields[19] ?? '',
  };
}

/** The same with the command line, of which the first 4 KiB are enough to know the program. */
export function readKin(files: Files, proc: string, pid: number): Kin | undefined {
  const stat = readStat(files, proc, pid);
  if (stat === undefined) return undefined;
  const { parent, leadsTerminal, start } = stat;
  const line = files.readKernelFile(join(proc, String(pid), 'cmdline')) ?? '';
  const args = line.replace(/\0+$/, '').split('\0');
  return { pid, start, parent, leadsTerminal, args };
}

// ps(1) of macOS and the BSDs; `lstart` is five words, as in "Tue Feb 17 20:30:00 2026".
const COLUMNS = 'pid=,ppid=,stat=,tty=,lstart=,args=';
const LINE = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/;

/** All processes by PID, in one question: to ask for each of a family would take as many times as long. */
export function askPs(): Map<number, Kin> {
  const { stdout } = childProcess().spawnSync('ps', ['-A', '-ww', '-o', COLUMNS], {
    encoding: 'utf8',
    timeout: 1000,
    maxBuffer: 16 * 1024 * 1024,
    env: { LC_ALL: 'C', TZ: 'UTC', PATH: process.env.PATH ?? '/bin:/usr/bin' },
  });
  return new Map((stdout ?? '').split('\n').flatMap((line) => (parsePsLine(line) ?? []).map((kin) => [kin.pid, kin])));
}

/** One process of the table, or none; arguments are parted at spaces, since `ps` does not tell more. */
export function parsePsLine(line: string): [Kin] | undefined {
  const [, pid, parent, state = '', terminal = '', start = '', args = ''] = LINE.exec(line) ?? [];
  if (pid === undefined) return undefined;
  // "??" or "?" is none; "s" marks the leader of a session.
  const leadsTerminal = state.includes('s') && !/^[?-]/.test(terminal);
  return [{ pid: Number(pid), parent: Number(parent), start, leadsTerminal, args: args.trim().split(/\s+/) }];
}
