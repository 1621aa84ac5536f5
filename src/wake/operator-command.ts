/** A program of the operator's, for a notification on the desktop or whatever else wakes a session or its person. */
import { run } from './child.js';
import type { Attempt, Method } from './method.js';
import type { Notice } from './notice.js';

export class OperatorCommand implements Method {
  readonly name = 'command';

  constructor(
    /** As configured, with placeholders. */
    private readonly argv: readonly string[] | undefined,
  ) {}

  obstacle(): string | undefined {
    return this.argv === undefined ? 'no command is configured' : undefined;
  }

  async ring(notice: Notice): Promise<Attempt> {
    const ran = await run(fillIn(this.argv ?? [], notice));
    return ran.ended === 'well' ? { outcome: 'rung' } : { outcome: 'failed', why: `the command: ${ran.why}` };
  }
}

/** In one pass, so that what is filled in is never taken for a placeholder. */
export function fillIn(argv: readonly string[], { agent, text, count, from }: Notice): string[] {
  const values: Readonly<Record<string, string>> = { agent, count: String(count), from, notice: text };
  return argv.map((argument) =>
    argument.replace(/\{(agent|count|from|notice)\}/g, (_, name: string) => values[name] ?? ''),
  );
}
