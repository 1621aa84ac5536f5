/** The addresses that a worker serves: it is on the list of each, and hears its bell. */
import type { Jobs } from '../relay/jobs/jobs.js';
import type { Worker } from '../relay/jobs/workers.js';
import type { Watch } from '../store/store.js';

export class Served {
  readonly #watches = new Map<string, Watch>();

  constructor(
    private readonly jobs: Jobs,
    private readonly worker: Omit<Worker, 'pid'>,
    private readonly hint: () => void,
  ) {}

  get addresses(): readonly string[] {
    return [...this.#watches.keys()];
  }

  /** Serves these too, from now on. */
  async serve(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      if (this.#watches.has(address)) continue;
      await this.jobs.workers.enter(address, this.worker);
      this.#watches.set(address, await this.jobs.watch(address, this.hint));
    }
  }

  /** Serves none any more. Never rejects. */
  async close(): Promise<void> {
    const leaving = [...this.#watches].map(async ([address, watch]) => {
      await watch.close();
      await this.jobs.workers.leave(address, this.worker.session).catch(() => {});
    });
    this.#watches.clear();
    await Promise.all(leaving);
  }
}
