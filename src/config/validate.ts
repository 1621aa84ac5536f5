/** Judges one value of the file by its row in the schema. Says what was expected and what was found. */
import { AGENT_ID_RULE, isAgentId, isReserved, normalizeName, quoteName } from '../model/agent-id.js';
import { judgeArgv, unknownPlaceholders } from './judge-argv.js';
import { judgeWords } from './judge-words.js';
import { findNearest } from './nearest.js';
import { expandPath, startsAtHome } from './paths.js';
import type { Setting } from './setting.js';
import { describe, type Fault, fault, type Verdict, wrongType } from './verdict.js';

/** `value` comes from the parser with `integersAsBigInt`: a bigint is a TOML integer, a number is a TOML float. */
export function judge(setting: Setting, value: unknown, home: string | undefined): Verdict {
  switch (setting.type) {
    case 'agent ids':
      return judgeAgentIds(value);
    case 'path':
      return typeof value === 'string' ? judgePath(value, home) : wrongType('a path in quotes', value);
    case 'integer':
      return judgeInteger(setting, value);
    case 'template':
      return typeof value === 'string' ? judgeTemplate(setting, value) : wrongType('text in quotes', value);
    case 'boolean':
      return typeof value === 'boolean' ? { value } : wrongType('true or false', value, /^(true|false)$/);
    case 'choice': {
      const expected = setting.values.map((choice) => JSON.stringify(choice)).join(' or ');
      return typeof value === 'string' && setting.values.includes(value) ? { value } : wrongType(expected, value);
    }
    case 'choices':
      return judgeChoices(setting, value);
    case 'argv':
      return judgeArgv(setting, value);
    case 'variables':
    case 'texts':
    case 'host':
      return judgeWords(setting, value);
  }
}

/** The absolute path, "~" expanded. Relative ones are refused: each client starts its server somewhere else. */
export function judgePath(text: string, home: string | undefined): Verdict {
  if (text.includes('\0')) return fault('a path cannot contain a NUL character.');
  if (home === undefined && startsAtHome(text)) {
    return fault('"~" cannot be expanded, since no home directory is known. Set HOME, or write an absolute path.');
  }
  const value = expandPath(text, home);
  if (value !== undefined) return { value };
  return fault(`a path must be absolute or begin with "~/", and this is ${quoteName(text)}. Write an absolute path.`);
}

function judgeInteger(setting: Extract<Setting, { type: 'integer' }>, value: unknown): Verdict {
  const { min, max, unit, zero } = setting;
  const meaning = zero === undefined ? '' : ` (0 means ${zero})`;
  const expected = `a whole number of ${unit} from ${min} to ${max}${meaning}`;
  if (typeof value !== 'bigint') return wrongType(expected, value, /^[+-]?\d[\d_]*$/);
  return value >= BigInt(min) && value <= BigInt(max) ? { value: Number(value) } : wrongType(expected, value);
}

function judgeTemplate(setting: Extract<Setting, { type: 'template' }>, text: string): Verdict {
  const faults: Fault[] = [];
  if (text.trim() === '') faults.push({ message: 'the text is empty. Leave the key out for the built-in text.' });
  if (text.length > setting.maxLength) {
    const bound = `at most ${setting.maxLength} are allowed`;
    faults.push({ message: `the text has ${text.length} characters; ${bound}. Shorten it.` });
  }
  faults.push(...unknownPlaceholders(setting.placeholders, text).map((message) => ({ message })));
  return faults.length === 0 ? { value: text } : { faults };
}

function judgeChoices(setting: Extract<Setting, { type: 'choices' }>, value: unknown): Verdict {
  const known = setting.values.map((choice) => JSON.stringify(choice)).join(', ');
  if (!Array.isArray(value)) return wrongType(`an array of some of ${known}`, value);
  if (value.length === 0 && setting.whenEmpty !== undefined) return fault(`the array is empty, ${setting.whenEmpty}.`);
  const faults: Fault[] = [];
  value.forEach((element: unknown, index) => {
    if (typeof element !== 'string') {
      faults.push({ index, message: `expected one of ${known}, found ${describe(element)}.` });
    } else if (!setting.values.includes(element)) {
      const nearest = findNearest(element, setting.values);
      const hint = nearest === undefined ? `Known are ${known}.` : `Did you mean ${JSON.stringify(nearest)}?`;
      faults.push({ index, message: `unknown value ${quoteName(element)}. ${hint}` });
    } else if (value.indexOf(element) < index) {
      faults.push({ index, message: `${quoteName(element)} stands here twice. Keep one.` });
    }
  });
  return faults.length === 0 ? { value: Object.freeze([...value]) } : { faults };
}

function judgeAgentIds(value: unknown): Verdict {
  if (!Array.isArray(value)) return wrongType('an array of agent ids, like ["alice", "bob"]', value);
  if (value.length === 0) {
    return fault(
      'the roster is empty, so nobody could join. Name an agent, or leave the key out to let any agent join.',
    );
  }
  const faults: Fault[] = [];
  const spellings = new Map<string, string>();
  value.forEach((element: unknown, index) => {
    if (typeof element !== 'string') {
      faults.push({ index, message: `expected an agent id in quotes, found ${describe(element)}.` });
      return;
    }
    const id = normalizeName(element);
    const earlier = spellings.get(id);
    if (isReserved(id)) faults.push({ index, message: `${quoteName(element)} is a reserved name. ${AGENT_ID_RULE}` });
    else if (!isAgentId(id))
      faults.push({ index, message: `${quoteName(element)} is not a valid name. ${AGENT_ID_RULE}` });
    else if (earlier !== undefined) {
      const both = `${quoteName(earlier)} and ${quoteName(element)}`;
      faults.push({
        index,
        message: `${both} are one agent (${id}): case and surrounding spaces do not count. Keep one.`,
      });
    } else spellings.set(id, element);
  });
  return faults.length === 0 ? { value: Object.freeze([...spellings.keys()]) } : { faults };
}
