/**
 * `init --executors`: tables of executors for the configuration, which are added behind what is there. What a table of the same
 * agent says is the operator's: it stays, and so does every other byte of the file.
 */
import { backUp } from '../clients/client-file.js';
import { diffLines } from '../clients/diff.js';
import { findProgram, readText, replaceText } from '../clients/files.js';
import type { Machine } from '../clients/machine.js';
import { type Outcome, Progress } from '../clients/outcome.js';
import { SetupProblem } from '../clients/setup-problem.js';
import { type Contents, checkDocument } from '../config/document.js';
import { DEFAULT_CONFIG_PATH, expandPath } from '../config/paths.js';
import { PRESETS, type Preset } from '../config/presets.js';
import { renderProblem } from '../config/problem.js';

/** Does not throw for anything that is wrong with the file: the outcome says it. */
export function addExecutors(ids: readonly string[], dryRun: boolean, machine: Machine): Promise<Outcome> {
  const record = new Progress({ id: 'executors', name: 'Executors' });
  return record.run(async () => {
    const file = fileOf(machine);
    const before = readText(file);
    const contents = await understand(file, before ?? '', machine);
    const chosen = PRESETS.filter(({ id }) => ids.includes(id));
    const wanted = chosen.filter(({ agent }) => !contents.executors.has(agent));
    record.notes.push(...notesOn(chosen, wanted, contents, machine));
    if (wanted.length === 0) return record.end('already-set-up');
    const added = wanted.map(({ toml }) => toml).join('\n');
    const after = joined(before ?? '', added);
    if ((await checkDocument(file, after, machine.home)).problems.length > 0) {
      // executors = { ... } in one line, which TOML lets nobody add to from elsewhere.
      record.byHand = { text: `What ${file} has of executors cannot be added to. Write there:`, paste: added };
      return record.end('by-hand');
    }
    record.changes.push(change(file, before, after, dryRun, machine));
    return record.end(
      'set-up',
      wanted.map(({ agent }) => `start a worker: mcp-dispatch worker --agent ${agent}`),
    );
  });
}

function fileOf({ env, home, cwd }: Machine): string {
  const named = env.MCP_DISPATCH_CONFIG || DEFAULT_CONFIG_PATH;
  const file = expandPath(named, home) ?? (named.startsWith('~') ? undefined : expandPath(`${cwd}/${named}`, home));
  if (file === undefined) throw new SetupProblem(named, 'MCP_DISPATCH_CONFIG must be an absolute path.');
  return file;
}

/** @throws SetupProblem for a file that no server would start with. */
async function understand(file: string, text: string, { home }: Machine): Promise<Contents> {
  const { problems, ...contents } = await checkDocument(file, text, home);
  const [first] = problems;
  if (first === undefined) return contents;
  throw new SetupProblem(file, `${renderProblem(first).trimEnd()}\nThe file was left alone: correct it first.`);
}

function notesOn(chosen: readonly Preset[], wanted: readonly Preset[], { values }: Contents, machine: Machine) {
  return chosen.flatMap((preset) => {
    const { agent, program } = preset;
    const roster = values.agents;
    return [
      ...(wanted.includes(preset) ? [] : [`There is an executor of ${agent} already, which was left as it is.`]),
      ...(findProgram(program, machine.env) === undefined
        ? [`${program} is not on the PATH here: a worker does not start without it.`]
        : []),
      ...(roster === undefined || roster.includes(agent)
        ? []
        : [`${agent} is not on the roster: add it to agents, or no worker can serve it.`]),
    ];
  });
}

function joined(before: string, added: string): string {
  if (before === '' || before === '\uFEFF') return before + added;
  const newline = before.includes('\r\n') ? '\r\n' : '\n';
  const end = before.endsWith('\n') ? newline : newline + newline;
  return before + end + added.replaceAll('\n', newline);
}

function change(file: string, before: string | undefined, after: string, dryRun: boolean, machine: Machine) {
  if (dryRun) return { what: 'executors' as const, file, diff: diffLines(before, after) };
  const backup = backUp(file, machine.now());
  replaceText(file, before, after);
  return { what: 'executors' as const, file, ...(backup === undefined ? {} : { backup }) };
}
