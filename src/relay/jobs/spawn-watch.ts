/**
 * When a server looks whether a worker is to be started: when it begins, at the bell of an agent, when a pause is over, and now and
 * then. Lanes may be many, and their bells are not listened to: who submits looks itself, or rings the one bell of all lanes.
 */
import type { Watch } from '../../store/store.js';
import { untilBeat } from '../beat.js';
import type { Relay } from '../relay.js';
import type { Autospawn, Launch, Look, SpawnTarget } from './autospawn.js';
import { CONFIRM_MS } from './spawn-rules.js';

const LOOK_EVERY_MS = 60_000;
// A look that finds the pause just not over would be the last one for a minute.
const LEAST_WAIT_MS = 100;

export class SpawnWatch {
  readonly #watches: Promise<Watch>[] = [];
  readonly #timers = new Map<SpawnTarget, NodeJS.Timeout>();
  readonly #looking = new Map<SpawnTarget, 'once' | 'again'>();
  #said = '';
  #state: 'quiet' | 'begun' | 'closed' = 'quiet';

  constructor(
    private readonly relay: Pick<Relay, 'clock' | 'warn'>,
    private readonly autospawn: Autospawn,
    private readonly launch: Launch,
  ) {}

  /** This process is no health check: it may start workers from now on. Nothing the second time. */
  begin(): void {
    if (this.#state !== 'quiet') return;
    this.#state = 'begun';
    this.autospawn.launch = this.launch;
    for (const target of this.autospawn.targets) {
      this.#watches.push(this.#watch(target));
    }
  }

  /** Starts nothing more. Never rejects. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.autospawn.launch = undefined;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await Promise.all(this.#watches.map(async (watch) => (await watch).close().catch(() => {})));
  }

  async #watch(target: SpawnTarget): Promise<Watch> {
    try {
      const watch = await this.autospawn.watch(target, () => void this.#look(target));
      // It may have rung until then.
      void this.#look(target);
      return watch;
    } catch (error) {
      this.#warn(error);
      void this.#look(target);
      return { active: false, close: async () => {} };
    }
  }

  /** One look at a time; a hint that comes meanwhile is not lost. */
  async #look(target: SpawnTarget): Promise<void> {
    if (this.#looking.has(target)) {
      this.#looking.set(target, 'again');
      return;
    }
    let found: Look | undefined;
    do {
      this.#looking.set(target, 'once');
      try {
        found = await this.autospawn.look(target);
        this.#said = '';
      } catch (error) {
        this.#warn(error);
      }
    } while (this.#looking.get(target) === 'again' && this.#state === 'begun');
    this.#looking.delete(target);
    if (this.#state !== 'begun') return;
    clearTimeout(this.#timers.get(target));
    const timer = setTimeout(() => void this.#look(target), this.#waitAfter(found));
    timer.unref();
    this.#timers.set(target, timer);
  }

  #waitAfter(found: Look | undefined): number {
    const { clock } = this.relay;
    const beat = untilBeat(clock, LOOK_EVERY_MS);
    if (found?.state === 'starting') return Math.min(CONFIRM_MS, beat);
    if (found === undefined || !('until' in found)) return beat;
    return Math.min(Math.max(LEAST_WAIT_MS, found.until - clock.now()), beat);
  }

  /** Once, until a look succeeds. What is no error of ours is said too: nothing that starts workers may end a server. */
  #warn(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    if (why === this.#said) return;
    this.#said = why;
    this.relay.warn(`No worker is started: ${why}`);
  }
}
