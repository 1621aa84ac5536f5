/** Where a command's words go, and where they come from. Injected, so that tests can be a terminal or not be one. */

export interface Terminal {
  /** A person can type here. */
  readonly stdinIsTTY: boolean;
  /** Characters a line; undefined where stdout is not a terminal. */
  readonly columns: number | undefined;
  /** The same of stderr. */
  readonly errColumns?: number | undefined;
  readonly style: Style;
  /** Writes a result. False when nobody reads any more (`| head`). */
  out(text: string): Promise<boolean>;
  /** Writes what is not the result. */
  err(text: string): void;
  /** What stdin holds, read up to its end or to the first byte beyond `maxBytes`. */
  readInput(maxBytes: number): Promise<Uint8Array>;
}

type Paint = (text: string) => string;
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

/** Colours for a terminal, or none. See https://no-color.org for the variable. */
export function styleFor(isTTY: boolean, env: NodeJS.ProcessEnv): Style {
  const coloured = isTTY && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  const paint =
    (open: number, close: number): Paint =>
    (text) =>
      coloured && text !== '' ? `\x1b[${open}m${text}\x1b[${close}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  };
}

// Of a terminal that does not know its width: script(1) and containers make such, and say 0.
const USUAL_COLUMNS = 80;

/** Characters a line; undefined for a pipe or a file. */
export function widthOf({
  isTTY,
  columns,
}: {
  readonly isTTY?: boolean;
  readonly columns?: number;
}): number | undefined {
  return isTTY === true ? columns || USUAL_COLUMNS : undefined;
}

/** The terminal, or the pipes, of this process. */
export function processTerminal(env: NodeJS.ProcessEnv): Terminal {
  const { stdin, stdout, stderr } = process;
  // A reader that has gone away is no failure of ours; without a listener it would end the process with a stack trace.
  for (const stream of [stdout, stderr]) stream.on('error', () => {});
  return {
    stdinIsTTY: stdin.isTTY === true,
    columns: widthOf(stdout),
    get errColumns() {
      return widthOf(stderr);
    },
    style: styleFor(stdout.isTTY === true, env),
    out: (text) => new Promise((resolve) => stdout.write(text, (error) => resolve(!error))),
    err: (text) => void stderr.write(text),
    async readInput(maxBytes) {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of stdin as AsyncIterable<Uint8Array>) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > maxBytes) break;
      }
      return Buffer.concat(chunks);
    },
  };
}
