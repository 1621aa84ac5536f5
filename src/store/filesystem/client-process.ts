/**
 * Which of the processes above us is the client. Between it and us can stand shells (`sh -c "mcp-dispatch hook ..."`) and
 * launchers (`npx`, which runs npm, which runs a shell). What is above the client must never be taken for it: a terminal, tmux or an
 * editor has many windows, and mail of one would be announced in another.
 */
import { basename } from 'node:path';
import type { ProcessMark } from '../processes.js';

/** One process as the system describes it. */
export interface Kin extends ProcessMark {
  readonly parent: number;
  /** Its command line; the first is the program, or what it has renamed itself to. Empty where it cannot be seen. */
  readonly args: readonly string[];
  /** It leads a session that has a terminal: the shell of a window, or what runs in its place. */
  readonly leadsTerminal: boolean;
}

const SHELL = /^-?(?:sh|bash|dash|ash|zsh|fish|ksh|mksh|csh|tcsh|busybox|nu|elvish|pwsh)$/;
const LAUNCHER =
  /^(?:npm|npx|pnpm|pnpx|yarn|bunx|corepack|volta|volta-shim|mise|asdf|fnm|nodenv|direnv|dotenvx|env|nice|nohup|setsid|stdbuf|timeout)$/;
const LAUNCHER_SCRIPT = /^(?:npm|npx|pnpm|pnpx|yarn|corepack)(?:-cli)?(?:\.[cm]?js)?$/;
const JAVASCRIPT = /^(?:node|nodejs|bun|deno)(?:\.exe)?$/;
// The first process of a system or of a person's session, to which orphans are handed.
const GUARDIAN = /^(?:systemd|init|launchd|tini|dumb-init|docker-init)$/;

// More than any client puts between itself and what it starts.
const MOST_GENERATIONS = 16;

/** The client of process `pid`, which runs `script`. `look` describes a process, as long as it is there. */
export function findClientOf(
  pid: number,
  script: string | undefined,
  look: (pid: number) => Kin | undefined,
): ProcessMark | undefined {
  let one = look(pid);
  for (let generation = 0; generation < MOST_GENERATIONS && one !== undefined; generation++) {
    // Nothing of ours is above it: a person has started this at a terminal.
    if (one.leadsTerminal) return undefined;
    one = look(one.parent);
    if (one === undefined || GUARDIAN.test(nameOf(one))) return undefined;
    if (!isBetween(one, script)) return one.start === undefined ? { pid: one.pid } : { pid: one.pid, start: one.start };
  }
  return undefined;
}

function isBetween(one: Kin, script: string | undefined): boolean {
  const [, ...rest] = one.args;
  const name = nameOf(one);
  if (SHELL.test(name) || LAUNCHER.test(name)) return true;
  // Whatever was told to run us is there for that only.
  if (rest.some((arg) => arg === script || arg === 'mcp-dispatch' || arg.startsWith('mcp-dispatch@'))) return true;
  if (!JAVASCRIPT.test(name)) return false;
  const [first = ''] = rest.filter((arg) => !arg.startsWith('-'));
  return LAUNCHER_SCRIPT.test(basename(first));
}

/** npm writes what it runs in the place of its own command line: "npm exec mcp-dispatch". */
function nameOf({ args: [program = ''] }: Kin): string {
  return /^(?:npm|pnpm|yarn) /.test(program) ? program.slice(0, program.indexOf(' ')) : basename(program);
}
