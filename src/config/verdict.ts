/** What is said of a value of the file: the value as the program wants it, or what is wrong with it. */
import { quoteName } from '../model/agent-id.js';

export interface Fault {
  readonly message: string;
  /** The element of an array that is at fault, from 0; absent when it is the whole value. */
  readonly index?: number;
}

/** The value as the program wants it, or everything that is wrong with it (then at least one fault). */
export type Verdict = { readonly value: unknown; readonly faults?: never } | { readonly faults: readonly Fault[] };

export function fault(message: string): Verdict {
  return { faults: [{ message }] };
}

/** `unquoted`: what would have been right without quotes around it. */
export function wrongType(expected: string, value: unknown, unquoted?: RegExp): Verdict {
  const hint = typeof value === 'string' && unquoted?.test(value) ? ' Write it without quotes.' : '';
  return fault(`expected ${expected}, found ${describe(value)}.${hint}`);
}

/** A value of the file in words. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `the text ${quoteName(value)}`;
  if (typeof value === 'bigint') return `the number ${cut(String(value))}`;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return 'nan';
    if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
    return `the decimal number ${Number.isInteger(value) ? `${value}.0` : value}`;
  }
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  return value instanceof Date ? 'a date or time' : 'a table';
}

function cut(digits: string): string {
  return digits.length > 40 ? `${digits.slice(0, 37)}...` : digits;
}
