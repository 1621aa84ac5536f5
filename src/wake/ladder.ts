/** The methods in the operator's order: each that can be tried is, until one has surely rung. */
import type { Attempt, Method, MethodName } from './method.js';
import type { Notice } from './notice.js';

export class Ladder {
  constructor(
    private readonly methods: readonly Method[],
    /** Told of each attempt when it is over. */
    private readonly note: (method: MethodName, attempt: Attempt, notice: Notice) => Promise<void>,
  ) {}

  /** Those that can be tried now. */
  available(): MethodName[] {
    return this.methods.filter((method) => method.obstacle() === undefined).map(({ name }) => name);
  }

  async ring(notice: Notice): Promise<void> {
    for (const method of this.methods) {
      if (method.obstacle() !== undefined) continue;
      const attempt = await method.ring(notice);
      await this.note(method.name, attempt, notice);
      if (attempt.outcome === 'rung') return;
    }
  }
}
