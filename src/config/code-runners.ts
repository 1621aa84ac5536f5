/**
 * Finds a template in which the words of a job would be run as a program: a script for a shell, code for an interpreter, a
 * command line for another machine. The operator decides what runs; this is the net for a mistake that one argument apart from
 * a harmless template makes, and it knows the common programs only.
 *
 * 1. A program that starts another (`env`, `timeout`) is looked through; behind any other, as `docker exec`, a shell or an
 *    interpreter is looked at only where code stands behind its "-c" or "-e".
 * 2. A shell is given a script file of the operator's, and the job's words behind it. Behind "-c" nothing of a job may stand: one
 *    forgotten quote in the script is enough.
 * 3. An interpreter is given code or a file of the operator's first.
 * 4. `ssh` hands its arguments to a shell on the other side, so the words go through stdin, to a program that is named.
 */
import { quoteName } from '../model/agent-id.js';
import { placeholderOf } from '../model/executor.js';

const SHELLS = /^(?:ba|z|da|a|k|mk|c|tc|fi|r)?sh$/;
// Their own rules of quoting take an argument apart wherever it stands.
const SHELLS_OF_WINDOWS = /^(?:cmd|powershell|pwsh)$/;
const INTERPRETERS = /^(?:node|nodejs|bun|deno|python[\d.]*|perl|ruby|php|lua|osascript|tclsh|Rscript|awk|gawk|sed)$/;
const STARTERS =
  /^(?:env|sudo|doas|nice|nohup|timeout|setsid|stdbuf|xargs|busybox|time|exec|command|script|unshare|chroot)$/;
const REMOTE = /^(?:ssh|autossh|mosh|plink)$/;

/** Why the words of a job, in `argv` or on stdin, would be run as code; undefined where they would not. */
export function codeProblem(argv: readonly string[], stdin: string | undefined, words: string): string | undefined {
  const starts = STARTERS.test(nameOf(argv[0])) || REMOTE.test(nameOf(argv[0]));
  const onStdin = stdin === `{${words}}`;
  for (const index of argv.keys()) {
    const command = argv.slice(index);
    const isRun = index === 0 || starts;
    const problem = evaluationAt(command, words) ?? (isRun ? problemAt(command, onStdin, words) : undefined);
    if (problem !== undefined) return problem;
  }
  // `env -S` takes one argument apart into many.
  const splits = argv.findIndex((argument) => /^(?:-[a-z]*S|--split-string)/.test(argument));
  if (nameOf(argv[0]) === 'env' && splits > 0 && isWords(argv[splits + 1], words)) {
    return `"env -S" takes {${words}} apart into a command of its own. ${remedy(words)}`;
  }
  return undefined;
}

function problemAt([program, ...rest]: readonly string[], onStdin: boolean, words: string): string | undefined {
  const name = nameOf(program);
  const first = rest.findIndex((argument) => isWords(argument, words));
  if (first === -1 && !onStdin) return undefined;
  const before = first === -1 ? rest : rest.slice(0, first);
  const shown = quoteName(program ?? '');
  if (SHELLS_OF_WINDOWS.test(name)) {
    return `${shown} is a shell: it would run the words of a job as commands. ${remedy(words)}`;
  }
  if (REMOTE.test(name) && first !== -1) {
    return `${shown} hands its arguments to a shell on the other machine, which would run the words of a job. Take {${words}} out of the arguments, and set stdin = "{${words}}".`;
  }
  if (REMOTE.test(name) && !namesCommand(rest)) {
    return `${shown} without a command starts a shell on the other machine, which would run the words of a job. Name the program that is to read them, behind the host.`;
  }
  if (!SHELLS.test(name) && !INTERPRETERS.test(name)) return undefined;
  // A shell that is told to read commands from stdin takes what follows for their arguments.
  const reads = onStdin && before.some((argument) => /^-[a-z]*s/.test(argument));
  const own = before.some((argument) => !argument.startsWith('-') && placeholderOf(argument) === undefined);
  return own && !reads ? undefined : asScript(program, words);
}

/** Where the words stand as code: behind the "-c" of a shell, or right behind such an option of an interpreter. */
function evaluationAt([program, ...rest]: readonly string[], words: string): string | undefined {
  const name = nameOf(program);
  const first = rest.findIndex((argument) => isWords(argument, words));
  if (first === -1) return undefined;
  const before = rest.slice(0, first);
  const isCode = SHELLS.test(name)
    ? before.some((argument) => /^[-+][a-z]*c/.test(argument))
    : INTERPRETERS.test(name) && /^(?:-[a-zA-Z]*[ceEpr]|--eval|--print|eval)$/.test(before.at(-1) ?? '');
  return isCode ? asScript(program, words) : undefined;
}

function asScript(program: string | undefined, words: string): string {
  const what = SHELLS.test(nameOf(program)) ? 'a shell' : 'an interpreter';
  return `${quoteName(program ?? '')} is ${what}: it would run the words of a job as a script. ${remedy(words)}`;
}

/** Whether something of the operator's stands behind the host: {host}, or the first word that is no option. */
function namesCommand(rest: readonly string[]): boolean {
  const placeholder = rest.indexOf('{host}');
  const host = placeholder === -1 ? rest.findIndex((argument) => !argument.startsWith('-')) : placeholder;
  return host !== -1 && rest.slice(host + 1).some((word) => !word.startsWith('-') && placeholderOf(word) === undefined);
}

function remedy(words: string): string {
  return `Run the program itself; or a script file of yours, with {${words}} behind its name or as stdin.`;
}

function isWords(argument: string | undefined, words: string): boolean {
  return placeholderOf(argument ?? '') === words;
}

function nameOf(program = ''): string {
  const base = program.split(/[\\/]/).at(-1) ?? '';
  return base.replace(/\.(?:exe|com)$/i, '');
}
