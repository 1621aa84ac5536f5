/** A JSON file of a client: read, judged, copied before the first change, and what that copy tells later. */
import path from 'node:path';
import { copyBeside, namesIn, readText, replaceText } from './files.js';
import { JsonDocument } from './json-edit.js';
import { JsonProblem, type Syntax } from './json-syntax.js';
import { SetupProblem } from './setup-problem.js';

/** The document in `file`; an empty one where there is no file. @throws SetupProblem that names file, line and column. */
export function openDocument(
  file: string,
  syntax: Syntax,
): { readonly text: string | undefined; readonly doc: JsonDocument } {
  const text = readText(file);
  return { text, doc: withPlace(file, () => new JsonDocument(text ?? '', syntax)) };
}

/** What `edit` gives, with the place in `file` where a value stands in its way. @throws SetupProblem */
export function withPlace<T>(file: string, edit: () => T): T {
  try {
    return edit();
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error;
    const { line, column, message } = error;
    throw new SetupProblem(
      `${file}:${line}:${column}`,
      `${message}. The file was left alone: correct it, then run this again.`,
      error,
    );
  }
}

/** Writes what `edit` makes of the file as it is now; nothing where that is no change. @throws SetupProblem */
export function editFile(file: string, syntax: Syntax, edit: (doc: JsonDocument) => string | undefined): void {
  const { text, doc } = openDocument(file, syntax);
  const after = withPlace(file, () => edit(doc));
  if (after !== text) replaceText(file, text, after);
}

const SUFFIX = '.mcp-dispatch-backup';

/** Copies the file as it is, and says where to. Undefined where there is no file. @throws SetupProblem */
export function backUp(file: string, now: Date): string | undefined {
  if (readText(file) === undefined) return undefined;
  return copyBeside(file, `${path.basename(file)}.${now.toISOString().replaceAll(/[:.]/g, '-')}${SUFFIX}`);
}

/** The newest copy that was made of a file, which tells what was there before. */
export function findBackup(file: string): string | undefined {
  const start = `${path.basename(file)}.2`;
  const name = namesIn(path.dirname(file))
    .filter((one) => one.startsWith(start) && one.endsWith(SUFFIX))
    .sort()
    .at(-1);
  return name === undefined ? undefined : path.join(path.dirname(file), name);
}
