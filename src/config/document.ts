/**
 * From the text of a configuration file to checked values, with every problem in it.
 *
 * 1. Parse. A syntax error is the only problem then: nothing after it can be trusted.
 * 2. Sort the keys: settings at the top level and under `[dispatch]`; everything else is unknown.
 * 3. Judge each setting by the schema; a setting in both places is a problem even if the values agree.
 * 4. Give each problem its place, in the order of the file.
 */
import { locateKeys } from './locate.js';
import { findNearest } from './nearest.js';
import { excerptOf, type Problem } from './problem.js';
import { SECTION, SETTINGS, type Setting, type Values } from './schema.js';
import { judge } from './validate.js';

/** A problem without its place. */
interface Finding {
  readonly path: readonly string[];
  readonly index?: number;
  readonly message: string;
}

type Table = Readonly<Record<string, unknown>>;

const KNOWN: ReadonlyMap<string, Setting> = new Map(SETTINGS.map((setting) => [setting.key, setting]));
const KEYS = [...KNOWN.keys()];

/** The values the text sets, and all that is wrong with it; values are complete only when nothing is. */
export async function checkDocument(
  path: string,
  text: string,
  home: string | undefined,
): Promise<{ values: Values; problems: readonly Problem[] }> {
  const lines = text.split(/\r?\n/);
  const { parse, TomlError } = await import('smol-toml');
  let root: Table;
  try {
    // Integers as bigint, so that 1.0 and 1e3 can be told from them, and 2^53 + 1 from 2^53.
    root = parse(text, { integersAsBigInt: true });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { values: {}, problems: [syntaxProblem(path, lines, error)] };
  }
  const { values, findings } = check(root, home);
  if (findings.length === 0) return { values, problems: [] };

  const find = locateKeys(text);
  const problems = findings.map((finding): Problem => {
    const at = (finding.index === undefined ? undefined : find([...finding.path, finding.index])) ?? find(finding.path);
    const place = at === undefined ? {} : { ...at, excerpt: excerptOf(lines, at.line, at.column) };
    return { path, ...place, key: showPath(finding.path), message: finding.message };
  });
  problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  return { values, problems };
}

function check(root: Table, home: string | undefined): { values: Values; findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const values: Record<string, unknown> = {};
  const section = root[SECTION];
  const tables: { at: readonly string[]; table: Table }[] = [{ at: [], table: root }];
  if (isTable(section)) tables.push({ at: [SECTION], table: section });
  else if (section !== undefined) {
    findings.push({ path: [SECTION], message: `this must be one table: write [${SECTION}] and the keys below it.` });
  }

  for (const { at, table } of tables) {
    for (const [key, value] of Object.entries(table)) {
      const path = [...at, key];
      const setting = KNOWN.get(key);
      if (setting === undefined) {
        if (at.length > 0 || key !== SECTION) findings.push(...unknown(path, value));
        continue;
      }
      if (at.length > 0 && Object.hasOwn(root, key)) {
        findings.push({ path, message: 'this is also set at the top of the file. Keep one of the two.' });
      }
      const verdict = judge(setting, value, home);
      if (verdict.faults !== undefined) findings.push(...verdict.faults.map((fault) => ({ path, ...fault })));
      else values[key] = verdict.value;
    }
  }
  return { values: values as Values, findings };
}

/** Deeper than any table that a person writes by hand; the rest of the path would only flood the message. */
const MAX_DEPTH = 6;

/** One finding for each key of an unknown table; one for the table itself when its own name is the mistake. */
function unknown(path: readonly string[], value: unknown): Finding[] {
  const name = path.at(-1) ?? '';
  if (isTable(value) && path.length < MAX_DEPTH) {
    if (path.length === 1 && findNearest(name, [SECTION]) !== undefined) {
      return [{ path, message: `unknown table. Did you mean [${SECTION}]?` }];
    }
    const inside = Object.entries(value).flatMap(([key, inner]) => unknown([...path, key], inner));
    if (inside.length > 0) return inside;
    return [{ path, message: `unknown table. Settings stand at the top of the file or under [${SECTION}].` }];
  }
  return [{ path, message: `unknown key. ${hintFor(path, name)}` }];
}

function hintFor(path: readonly string[], name: string): string {
  const misplaced = path.length > 2 || (path.length === 2 && path[0] !== SECTION);
  const meant = KNOWN.has(name) ? name : findNearest(name, KEYS);
  if (misplaced && meant !== undefined) {
    return `Did you mean "${meant}"? It stands at the top of the file, before any [table], or under [${SECTION}].`;
  }
  return meant === undefined ? `Known keys: ${KEYS.join(', ')}.` : `Did you mean "${meant}"?`;
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The path as it would be written in the file, without the quotes where it needs none; each part cut to 80. */
function showPath(path: readonly string[]): string {
  return path
    .map((part) => (/^[\w-]+$/.test(part) ? part : JSON.stringify(part)))
    .map((part) => (part.length > 80 ? `${part.slice(0, 77)}...` : part))
    .join('.');
}

/** What smol-toml says, in our layout, with advice for the mistakes that its words do not explain. */
function syntaxProblem(
  path: string,
  lines: readonly string[],
  error: { message: string; line: number; column: number },
): Problem {
  const { line, column } = error;
  const said = (error.message.split('\n', 1)[0] ?? '').replace(/^Invalid TOML document: /, '').replace(/\.$/, '');
  const redefined = said.includes('redefine');
  const advice = redefined
    ? ' It is already set further up: keep one of the two.'
    : said === 'invalid value'
      ? ' Text needs quotes; the booleans are true and false.'
      : said.includes('escape')
        ? " In double quotes a backslash begins an escape: put paths of Windows into 'single quotes'."
        : '';
  const key = keyOnLine(lines[line - 1] ?? '', column, redefined);
  return {
    path,
    line,
    column,
    ...(key === undefined ? {} : { key }),
    message: `TOML syntax: ${said}.${advice}`,
    excerpt: excerptOf(lines, line, column),
  };
}

/** The key that is defined again, or whose value is at fault; undefined where the line does not say it for sure. */
function keyOnLine(text: string, column: number, redefined: boolean): string | undefined {
  if (redefined) return /^[\w-]+(?:\s*\.\s*[\w-]+)*/.exec(text.slice(column - 1))?.[0];
  const match = /^\s*([\w-]+(?:\s*\.\s*[\w-]+)*)\s*=/.exec(text);
  return match?.[1] !== undefined && column > match[0].length ? match[1] : undefined;
}
