/** What `init`, `remove` and `doctor --wake` share: their options, the clients they choose, and how an outcome reads. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Client, Scope } from '../clients/client.js';
import type { Machine } from '../clients/machine.js';
import type { Change, Outcome, Status } from '../clients/outcome.js';
import { findHome } from '../config/paths.js';
import { DispatchError } from '../model/errors.js';
import { linesForTerminal } from '../model/text.js';
import type { Context } from './command.js';
import { EXIT } from './exit-code.js';

export interface ClientOptions {
  readonly client?: readonly string[];
  readonly scope: Scope;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

// Not from the clients themselves, which no other command needs to load. A test compares the two.
export const CLIENT_IDS = ['claude-code', 'codex', 'gemini-cli', 'cursor', 'vscode'] as const;

export function clientOption(): Option {
  return new Option('--client <id>', 'only this one; may be repeated')
    .choices(CLIENT_IDS)
    .argParser<readonly string[]>((id, others = []) => {
      if ((CLIENT_IDS as readonly string[]).includes(id)) return [...others, id];
      throw new InvalidArgumentError(`Allowed choices are ${CLIENT_IDS.join(', ')}.`);
    });
}

export function clientOptions(command: Command): Command {
  return command
    .addOption(clientOption())
    .addOption(
      new Option('--scope <scope>', 'for all your projects, or for the one in this directory')
        .choices(['user', 'project'])
        .default('user'),
    )
    .option('--dry-run', 'change nothing, and show each difference and each command');
}

/** @throws DispatchError `CONFIG_INVALID` where the system knows no home directory. */
export function machineOf(env: NodeJS.ProcessEnv): Machine {
  const home = findHome();
  if (home === undefined) {
    throw new DispatchError('CONFIG_INVALID', 'There is no home directory, so no client can be found. Set HOME.');
  }
  const { platform, execPath } = process;
  return { home, cwd: process.cwd(), env, platform, execPath, now: () => new Date() };
}

/** The clients of these names, or all: those that are on the machine, and those that are not. */
export async function chooseClients(
  ids: readonly string[] | undefined,
  machine: Machine,
): Promise<{ readonly found: readonly Client[]; readonly missing: readonly Client[] }> {
  const { CLIENTS, isHere } = await import('../clients/all.js');
  const chosen = CLIENTS.filter(({ id }) => ids === undefined || ids.includes(id));
  const found = chosen.filter((client) => isHere(client, machine));
  return { found, missing: chosen.filter((client) => !found.includes(client)) };
}

export function exitOf(outcomes: readonly Outcome[]): number {
  return outcomes.some(({ status }) => status === 'failed') ? EXIT.failed : EXIT.done;
}

const WORDS: Readonly<Record<Status, string>> = {
  'set-up': 'set up',
  'already-set-up': 'already set up',
  removed: 'taken out',
  'not-set-up': 'not set up',
  'by-hand': 'not all could be done here',
  failed: 'failed',
};

const WIDTH = 13;
const INDENT = ' '.repeat(WIDTH);

/** One line for what was done, and one for each thing to know or to do. */
export function outcomeLines(
  outcome: Outcome,
  { terminal: { style } }: Context,
  machine: Machine,
  dryRun: boolean,
): string[] {
  const { name, status, changes, byHand, next, notes, error } = outcome;
  const paint = status === 'failed' ? style.red : status === 'by-hand' ? style.yellow : style.green;
  const text = (line: string) => linesForTerminal(tilde(line, machine)).join(' ');
  const would = dryRun && changes.length > 0 && status !== 'failed';
  const word = would ? `would be ${WORDS[status]}` : WORDS[status];
  const copies = new Set(changes.flatMap(({ backup = [] }) => backup));
  const what = changes.map((change) => text(describe(change)));
  return [
    `${style.bold(name.padEnd(WIDTH - 1))} ${paint(word)}${what.length === 0 ? '' : `: ${what.join('; ')}`}`,
    ...(dryRun ? changes.flatMap((change) => detailLines(change, text, style)) : []),
    ...(error === undefined ? [] : [`${INDENT}${style.red('error:')} ${text(error)}`]),
    ...(byHand === undefined ? [] : [`${INDENT}by hand: ${text(byHand.text)}`]),
    ...(byHand?.paste === undefined ? [] : linesForTerminal(byHand.paste).map((line) => `${INDENT}  ${line}`)),
    ...[...copies].map((copy) => `${INDENT}as it was: ${text(copy)}`),
    ...notes.map((note) => INDENT + text(note)),
    ...(next.length === 0 ? [] : [`${INDENT}next: ${text(next.join('; '))}`]),
  ];
}

function describe({ what, file, command }: Change): string {
  const how = command === undefined ? '' : ` by ${command.slice(0, 3).join(' ')}`;
  return `${what} in ${file}${how}`;
}

function detailLines(
  { file, command, diff = [] }: Change,
  text: (line: string) => string,
  style: Context['terminal']['style'],
): string[] {
  const ran = command === undefined ? [] : [`${INDENT}$ ${text(command.map(shown).join(' '))}`];
  const heads = diff.length === 0 ? [] : [`${INDENT}${style.bold(`--- ${text(file)}`)}`];
  const differs = diff.map((line) => {
    const [safe = ''] = linesForTerminal(line);
    return INDENT + (line.startsWith('+') ? style.green(safe) : line.startsWith('-') ? style.red(safe) : safe);
  });
  return [...ran, ...heads, ...differs];
}

/** A word of a command, in quotes where a shell would take it apart. */
function shown(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function tilde(line: string, { home }: Machine): string {
  return home.length > 1 ? line.replaceAll(`${home}/`, '~/').replaceAll(`${home}\\`, '~\\') : line;
}
