/** A program in a terminal of its own, which nobody looks at: a tmux server with one window. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../helpers/server-sandbox.js';

export interface TerminalOptions {
  readonly argv: readonly string[];
  /** All that the program gets of an environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** For the socket of tmux, in the folder that the window has to itself. Its path is to be short. */
  readonly folder: string;
}

// How long a key may go unheard.
const AGAIN_MS = 1000;

export class Terminal {
  readonly #socket: string;
  readonly #env: Readonly<Record<string, string>>;

  constructor({ argv, env, cwd, folder }: TerminalOptions) {
    this.#socket = path.join(folder, 'tmux');
    this.#env = env;
    const script = path.join(folder, 'start.sh');
    // tmux adds to the environment, so that is emptied again.
    const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    writeFileSync(script, `exec env -i ${quoted([...settings, ...argv])}\n`);
    execFileSync(
      'tmux',
      this.#words('-f', '/dev/null', 'new-session', '-d', '-x', '160', '-y', '50', '-c', cwd, `sh '${script}'`),
      { env, cwd },
    );
  }

  /** What is on it, and the last lines that went off it. */
  screen(): string {
    return this.#tmux('capture-pane', '-p', '-S', '-100').trimEnd();
  }

  press(key: string): void {
    this.#tmux('send-keys', key);
  }

  /** Types a line, sees it there, and presses Enter: an Enter in the same burst would be taken for a part of a paste. */
  async enter(line: string): Promise<void> {
    // What a menu did not want.
    this.press('C-u');
    this.#tmux('send-keys', '-l', line);
    await this.until((screen) => screen.includes(line), `"${line}" to be typed`);
    this.press('Enter');
  }

  /**
   * Takes an entry of a numbered menu. Its number takes it or only marks it, as the client likes; what has just drawn its menu may
   * hear neither.
   */
  async choose(entry: string): Promise<void> {
    const find = (screen: string) => {
      const line = screen.split('\n').find((each) => each.includes(entry)) ?? '';
      const [, mark, number] = /^\s*([›❯])?\s*(\d)\. /.exec(line) ?? [];
      return number === undefined ? undefined : { isMarked: mark !== undefined, number };
    };
    await this.until((screen) => find(screen) !== undefined, `"${entry}" to be offered`);
    let pressedAt = 0;
    await this.until((screen) => {
      const found = find(screen);
      if (found === undefined) return true;
      if (Date.now() - pressedAt < AGAIN_MS) return false;
      this.press(found.isMarked ? 'Enter' : found.number);
      pressedAt = Date.now();
      return false;
    }, `"${entry}" to be taken`);
  }

  async until(holds: (screen: string) => boolean, what: string): Promise<string> {
    try {
      return await eventually(what, () => {
        const screen = this.screen();
        return holds(screen) && screen;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}; the screen has:\n${this.screen()}`);
    }
  }

  close(): void {
    this.#tmux('kill-server');
  }

  #tmux(...words: readonly string[]): string {
    return spawnSync('tmux', this.#words(...words), { env: this.#env, encoding: 'utf8' }).stdout ?? '';
  }

  #words(...words: readonly string[]): string[] {
    return ['-S', this.#socket, ...words];
  }
}

/** Words for a shell. */
function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
}
