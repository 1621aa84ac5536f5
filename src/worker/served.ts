/** The addresses that a worker serves: it is on the list of each, and hears its bell. */
import type { Jobs } from '../relay/jobs/jobs.js';
import type { Worker } from '../relay/jobs/workers.js';
import type { Watch } from '../store/store.js';

export class Served {
  readonly #watches = new Map<string, Watch>();
  /** Whose bell could be watched: where that never worked, it is not tried again and again. */
  readonly #heard = new Set<string>();

  constructor(
    private readonly jobs: Jobs,
    private readonly worker: Omit<Worker, 'pid'>,
    private readonly hint: () => void,
  ) {}

  get addresses(): readonly string[] {
    return [...this.#watches.keys()];
  }

  /** Serves these too, from now on; one whose bell was removed, as with the whole relay, as if it were new. */
  async serve(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      const watch = this.#watches.get(address);
      if (watch !== undefined && (watch.active || !this.#heard.has(address))) continue;
      await watch?.close();
      await this.jobs.workers.enter(address, this.worker);
      const anew = await this.jobs.watch(address, this.hint);
      this.#watches.set(address, anew);
      if (anew.active) this.#heard.add(address);
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
