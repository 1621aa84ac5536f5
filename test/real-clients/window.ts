/** A window of a client: what is typed into it, and what its model is shown. */
import { eventually } from '../helpers/server-sandbox.js';
import type { Move, ScriptedModel, Shown } from './scripted-model.js';
import type { Terminal } from './terminal.js';

/** For a turn of a model, or a doorbell: seconds, and more on a busy machine. */
const DEADLINE_MS = 45_000;

export class Window {
  constructor(
    readonly terminal: Terminal,
    private readonly model: ScriptedModel,
    /** What the client prints when a turn has ended, with its hooks. */
    private readonly endOfTurn: RegExp,
  ) {}

  /** What the model does next, a step a request. */
  will(...moves: readonly Move[]): void {
    this.model.will(...moves);
  }

  /** A person types a prompt; the model takes these steps. */
  async prompt(text: string, ...moves: readonly Move[]): Promise<void> {
    this.will(...moves);
    await this.terminal.enter(text);
  }

  /** Waits until the model is shown something new with this text. Each request counts once, and those before it no longer. */
  async shows(text: string): Promise<Shown> {
    const what = `the model to be shown "${text}"`;
    try {
      return await eventually(what, () => this.model.take((shown) => shown.text.includes(text)), DEADLINE_MS);
    } catch (error) {
      const shown = this.model.shown.map((one, at) => `[${at}] ${one.text.slice(-3000)}`).join('\n');
      throw new Error(
        `${(error as Error).message}; it was shown:\n${shown}\nthe screen has:\n${this.terminal.screen()}`,
      );
    }
  }

  /** Waits until the turn has ended in which the model said this last. */
  async rests(words: string): Promise<void> {
    const ended = (screen: string) =>
      screen.includes(words) && this.endOfTurn.test(screen.slice(screen.lastIndexOf(words)));
    await this.terminal.until(ended, `the turn to end in which the model said "${words}"`);
  }

  /** How often the model was asked so far. */
  get requests(): number {
    return this.model.shown.length;
  }
}
