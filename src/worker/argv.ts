/**
 * Fills the template of an operator with what a job says. A placeholder is one whole argument or the input, so no text of a
 * job is ever parsed, joined or quoted: it arrives as one argument, byte for byte, or the run is refused.
 */
import { DispatchError } from '../model/errors.js';
import { isBehindDashes, placeholderOf } from '../model/executor.js';
import { type Filling as FillingMark, fillingOf } from '../relay/jobs/job-events.js';

/** What stands for a placeholder. What the operator chose, such as a model of the list, may begin with "-". */
export interface Filling {
  readonly text: string;
  readonly by: 'job' | 'operator';
}
export type Fillings = Readonly<Record<string, Filling | undefined>>;

/**
 * The arguments, the program among them. One pass: what is filled in is never looked at for placeholders.
 * @throws INVALID_ARGUMENT for text that cannot be an argument, or that the program could take for an option.
 */
export function fillArgv(argv: readonly string[], fillings: Fillings): string[] {
  return argv.map((argument, index) => {
    const name = placeholderOf(argument);
    if (name === undefined) return argument;
    const { text, by } = find(fillings, name);
    if (by === 'job' && text.startsWith('-') && !isBehindDashes(argv, index)) {
      throw refusal(
        name,
        `begins with "-", and the program could take it for an option. Begin it with another character; or the operator puts "--" right before {${name}} in the template.`,
      );
    }
    return assertPassable(name, text);
  });
}

/** What the program reads from its input; undefined for nothing. @throws INVALID_ARGUMENT as `fillArgv` */
export function fillStdin(stdin: string | undefined, fillings: Fillings): string | undefined {
  const name = stdin === undefined ? undefined : placeholderOf(stdin);
  return name === undefined ? undefined : assertPassable(name, find(fillings, name).text);
}

/** Length and hash of what a job filled into a template, for where its words must not stand, in the order of the template. */
export function describeFillings(
  argv: readonly string[],
  stdin: string | undefined,
  fillings: Fillings,
): FillingMark[] {
  const names = [...argv, ...(stdin === undefined ? [] : [stdin])].flatMap((argument) => placeholderOf(argument) ?? []);
  return [...new Set(names)].flatMap((name) => {
    const filling = fillings[name];
    return filling?.by === 'job' ? [fillingOf(name, filling.text)] : [];
  });
}

function find(fillings: Fillings, name: string): Filling {
  const filling = Object.hasOwn(fillings, name) ? fillings[name] : undefined;
  // Templates are judged before anything runs; what is missing here is not the job's fault.
  if (filling === undefined) throw new Error(`nothing to fill {${name}} with`);
  return filling;
}

/** A program is given its arguments as bytes that end at a NUL, and half a character has no bytes. */
function assertPassable(name: string, text: string): string {
  if (text.includes('\0')) throw refusal(name, 'holds a NUL character, which no program can be given. Leave it out.');
  if (!text.isWellFormed())
    throw refusal(name, 'holds half of a surrogate pair, which has no bytes. Send whole characters.');
  return text;
}

function refusal(name: string, why: string): DispatchError {
  return new DispatchError('INVALID_ARGUMENT', `The ${name} ${why}`, { argument: name });
}

/**
 * The model to run with: the one that the job asks for, out of the operator's list; the first of the list where it asks for
 * none. @throws NOT_ALLOWED for any other
 */
export function chooseModel(models: readonly string[], wanted: string | undefined): string | undefined {
  if (wanted === undefined) return models[0];
  if (models.includes(wanted)) return wanted;
  const known =
    models.length === 0
      ? 'it takes none. Leave `model` out.'
      : `it takes ${models.join(', ')}. Leave \`model\` out, or name one of these.`;
  throw new DispatchError('NOT_ALLOWED', `The executor does not run the model that the task asks for: ${known}`);
}
