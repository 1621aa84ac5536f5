/**
 * From the text of a configuration file to checked values, with every problem in it.
 *
 * 1. Parse. A syntax error is the only problem then: nothing after it can be trusted.
 * 2. Walk the tables there are: the top level, `[dispatch]`, and those of the schema in either; else a key is unknown.
 * 3. Judge each setting by the schema; a setting in both places is a problem even if the values agree.
 * 4. Give each problem its place, in the order of the file.
 */
import { isTable, KNOWN, nameOf, showPath, TABLES, type Table, tableOf, unknownKeys } from './known-keys.js';
import { locateKeys } from './locate.js';
import { excerptOf, type Problem } from './problem.js';
import { SECTION, type Values } from './schema.js';
import { judge } from './validate.js';

/** A problem without its place. */
interface Finding {
  readonly path: readonly string[];
  readonly index?: number;
  readonly message: string;
}

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
  const seen = new Set<string>();
  const walk = (table: Table, at: readonly string[]): void => {
    for (const [key, value] of Object.entries(table)) {
      const path = [...at, key];
      const name = nameOf(path);
      const setting = KNOWN.get(name);
      if (setting === undefined) {
        if (!TABLES.has(name)) findings.push(...unknownKeys(path, value));
        else if (isTable(value)) walk(value, path);
        else
          findings.push({ path, message: `this must be one table: write [${showPath(path)}] and the keys below it.` });
        continue;
      }
      // TOML has no key twice in one table, so the other one is not under [dispatch].
      if (seen.has(name)) {
        const place = tableOf(name) === '' ? 'at the top of the file' : `under [${tableOf(name)}]`;
        findings.push({ path, message: `this is also set ${place}. Keep one of the two.` });
      }
      seen.add(name);
      const verdict = judge(setting, value, home);
      if (verdict.faults !== undefined) findings.push(...verdict.faults.map((fault) => ({ path, ...fault })));
      else values[name] = verdict.value;
    }
  };
  // [dispatch] last, wherever it stands: of two places that set a key, the one under it is the one to report.
  const { [SECTION]: section, ...top } = root;
  walk(top, []);
  if (section !== undefined) walk({ [SECTION]: section }, []);
  return { values: values as Values, findings };
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
