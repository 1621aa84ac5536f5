/** Judges a program and its arguments, and the placeholders in a text. */
import { quoteName } from '../model/agent-id.js';
import { placeholderOf } from '../model/executor.js';
import { findNearest } from './nearest.js';
import type { Setting } from './setting.js';
import { describe, type Fault, fault, type Verdict, wrongType } from './verdict.js';

export function judgeArgv(setting: Extract<Setting, { type: 'argv' }>, value: unknown): Verdict {
  if (!Array.isArray(value)) {
    return wrongType('an array of a program and its arguments, like ["notify-send", "{notice}"]', value);
  }
  if (value.length === 0) return fault('the array is empty. Name a program, or leave the key out.');
  if (value.length > setting.maxItems) {
    return fault(`the array has ${value.length} elements; at most ${setting.maxItems} are allowed.`);
  }
  const faults = value.flatMap((element: unknown, index): Fault[] =>
    findArgumentProblems(setting, element, index === 0).map((message) => ({ index, message })),
  );
  return faults.length === 0 ? { value: Object.freeze([...value]) } : { faults };
}

function findArgumentProblems(
  { maxLength, placeholders, whole = false }: Extract<Setting, { type: 'argv' }>,
  element: unknown,
  isProgram: boolean,
): string[] {
  if (typeof element !== 'string') return [`expected text in quotes, found ${describe(element)}.`];
  if (element.includes('\0')) return ['an argument cannot contain a NUL character.'];
  if (isProgram && element.trim() === '') return ['the program has no name.'];
  if (element.length > maxLength) {
    return [`the argument has ${element.length} characters; at most ${maxLength} are allowed.`];
  }
  const unknown = unknownPlaceholders(placeholders, element);
  return unknown.length > 0 || !whole ? unknown : misplaced(placeholders, element, isProgram);
}

/** A placeholder that what fills it could leave: part of an argument, or the program itself. */
function misplaced(placeholders: readonly string[], element: string, isProgram: boolean): string[] {
  const name = placeholders.find((placeholder) => element.includes(`{${placeholder}}`));
  if (name === undefined) return [];
  if (isProgram) return [`the program must be named here: a job chooses no command, so it cannot be {${name}}.`];
  if (placeholderOf(element) === name) return [];
  const parts = element.split(/(\{[a-z_]+\})/).filter((part) => part !== '');
  const remedy = parts.map(quoteName).join(', ');
  return [
    `{${name}} must be a whole argument, and ${quoteName(element)} has more in it. Take it apart, for instance into ${remedy}.`,
  ];
}

/** Only a name alone in braces: JSON examples in the text are left in peace. */
export function unknownPlaceholders(placeholders: readonly string[], text: string): string[] {
  const names = new Set([...text.matchAll(/\{(\s*[A-Za-z_][\w-]*\s*)\}/g)].map((match) => match[1] ?? ''));
  return [...names]
    .filter((name) => !placeholders.includes(name))
    .map((name) => {
      const nearest = findNearest(name.trim(), placeholders);
      const known = placeholders.map((placeholder) => `{${placeholder}}`).join(' and ');
      const hint = nearest === undefined ? `Known are ${known}.` : `Did you mean {${nearest}}?`;
      return `unknown placeholder ${quoteName(`{${name}}`)}. ${hint}`;
    });
}
