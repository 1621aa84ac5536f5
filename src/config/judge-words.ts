/** Judges what is a word of its own to a program: names of variables, models, a host. */
import { quoteName } from '../model/agent-id.js';
import type { Setting } from './setting.js';
import { describe, type Fault, fault, type Verdict, wrongType } from './verdict.js';

type Words = Extract<Setting, { type: 'variables' | 'texts' | 'host' }>;

export function judgeWords(setting: Words, value: unknown): Verdict {
  if (setting.type === 'host') {
    if (typeof value !== 'string') return wrongType('a host in quotes', value);
    const problem = hostProblem(value);
    return problem === undefined ? { value } : fault(problem);
  }
  const what = setting.type === 'variables' ? 'names of environment variables' : 'texts';
  if (!Array.isArray(value)) return wrongType(`an array of ${what}`, value);
  if (value.length > setting.maxItems) {
    return fault(`the array has ${value.length} elements; at most ${setting.maxItems} are allowed.`);
  }
  const faults = value.flatMap((element: unknown, index): Fault[] => {
    if (typeof element !== 'string')
      return [{ index, message: `expected text in quotes, found ${describe(element)}.` }];
    if (value.indexOf(element) < index)
      return [{ index, message: `${quoteName(element)} stands here twice. Keep one.` }];
    const problem = setting.type === 'variables' ? variableProblem(element) : textProblem(element, setting.maxLength);
    return problem === undefined ? [] : [{ index, message: problem }];
  });
  return faults.length === 0 ? { value: Object.freeze([...value]) } : { faults };
}

function variableProblem(name: string): string | undefined {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(name)) return undefined;
  const advice = name.includes('=') ? ' Name it only: its value is what the worker has.' : '';
  return `${quoteName(name)} is no name of an environment variable: letters, digits and "_", not beginning with a digit.${advice}`;
}

function textProblem(text: string, maxLength: number): string | undefined {
  if (text.trim() === '') return 'the text is empty.';
  if (text.length > maxLength) return `the text has ${text.length} characters; at most ${maxLength} are allowed.`;
  if (text.startsWith('-')) return `${quoteName(text)} begins with "-", so a program could take it for an option.`;
  return /\p{Cc}/u.test(text) ? 'the text has a control character.' : undefined;
}

/** As ssh and its like take it; what begins with "-" would be an option to them. */
function hostProblem(host: string): string | undefined {
  if (/^[A-Za-z0-9_[][A-Za-z0-9._:@%[\]-]{0,254}$/.test(host)) return undefined;
  return `${quoteName(host)} is no host: write a name, an address, or user@host.`;
}
