/** Sets aside what must not be shown: never deleted, and out of the way of good mail. */
import { newSessionId } from '../model/ids.js';
import type { Store } from '../store/store.js';
import { quarantineKey } from './keys.js';

export class Quarantine {
  constructor(
    private readonly store: Store,
    private readonly warn: (text: string) => void,
  ) {}

  /**
   * Moves what is at `key` away and writes down why. True for the one of several racing callers that did it, which also
   * reports it.
   * @param reason words of ours, never of the file's.
   */
  async take(key: string, agent: string, fileName: string, reason: string): Promise<boolean> {
    // The name may hold anything, newlines included; what is left of it is only for a person to recognize.
    const recognizable = fileName.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 120);
    const name = `${agent}~${recognizable}~${newSessionId().slice(0, 8)}`;
    if (!(await this.store.move(key, quarantineKey(name)))) return false;
    this.warn(`Mail for ${agent} was set aside in ${quarantineKey(name)}: ${reason}.`);
    await this.store.create(quarantineKey(`${name}.reason`), `${reason}\n`, { durable: false });
    return true;
  }
}
