/**
 * From the text of a configuration file to checked values, with every problem in it.
 *
 * 1. Parse. A syntax error is the only problem then: nothing after it can be trusted.
 * 2. Judge what is in it: `walkTables`.
 * 3. Give each problem its place, in the order of the file.
 */
import { showPath, type Table } from './known-keys.js';
import { locateKeys } from './locate.js';
import { excerptOf, type Problem } from './problem.js';
import { type Contents, NO_CONTENTS, walkTables } from './walk.js';

export type { Contents };

/** What the text sets, and all that is wrong with it; the contents are complete only when nothing is. */
export async function checkDocument(
  path: string,
  text: string,
  home: string | undefined,
): Promise<Contents & { readonly problems: readonly Problem[] }> {
  const lines = text.split(/\r?\n/);
  const { parse, TomlError } = await import('smol-toml');
  let root: Table;
  try {
    // Integers as bigint, so that 1.0 and 1e3 can be told from them, and 2^53 + 1 from 2^53.
    root = parse(text, { integersAsBigInt: true });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { ...NO_CONTENTS, problems: [syntaxProblem(path, lines, error)] };
  }
  const { findings, ...contents } = walkTables(root, home);
  if (findings.length === 0) return { ...contents, problems: [] };

  const find = locateKeys(text);
  const problems = findings.map((finding): Problem => {
    const at = (finding.index === undefined ? undefined : find([...finding.path, finding.index])) ?? find(finding.path);
    const place = at === undefined ? {} : { ...at, excerpt: excerptOf(lines, at.line, at.column) };
    return { path, ...place, key: showPath(finding.path), message: finding.message };
  });
  problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  return { ...contents, problems };
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
