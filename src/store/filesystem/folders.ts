/**
 * The folders of a relay: whether they are there, and safe. A link in the place of one, or above it, would lead out of the
 * relay, so each is looked at before it is used. A look is good for 20 ms: a call makes a dozen operations, and one
 * `lstat` each would be a fifth of its time.
 */
import { dirname, join } from 'node:path';
import { systemClock } from '../../model/clock.js';
import { DispatchError, errnoOf } from '../../model/errors.js';
import { newSessionId } from '../../model/ids.js';
import type { Files } from './files.js';
import { RelayDirectory } from './relay-directory.js';

const TRUSTED_MS = 20;

export class Folders {
  readonly #directory: RelayDirectory;
  readonly #trusted = new Set<string>();
  #trustedUntil = 0;
  // Whether it was opened for writing: what only was read may have no format yet.
  #isOpen = false;
  #nonce: string | undefined;
  #serial = 0;

  constructor(
    readonly root: string,
    private readonly files: Files,
  ) {
    this.#directory = new RelayDirectory(root, files);
  }

  get temporary(): string {
    return this.#directory.temporary;
  }

  /** Makes sure that there is a relay that may be used; see `RelayDirectory.open`. */
  open(): void {
    if (this.#isTrusted(this.root) && this.#isOpen) return;
    this.#directory.open(true);
    this.#trusted.add(this.root);
    this.#isOpen = true;
  }

  /**
   * True for a folder of ours, false when there is none, or no relay.
   * @throws DispatchError `RELAY_UNSAFE` for anything else in its place or above it.
   */
  has(path: string): boolean {
    if (this.#isTrusted(path)) return true;
    const found = path === this.root ? this.#directory.open(false) : this.has(dirname(path)) && this.#isFolder(path);
    if (found) this.#trusted.add(path);
    return found;
  }

  /** Makes a folder that is missing, and, with `sync`, makes it survive a power cut. */
  make(path: string, sync: boolean): void {
    if (this.has(path)) return;
    // It may be the relay itself that is missing, and that is made with more care.
    this.open();
    const topmost = this.files.ensureDirectory(path);
    if (topmost === undefined || !sync) return;
    try {
      for (let made = path; made.length >= topmost.length; made = dirname(made)) {
        this.files.syncDirectory(dirname(made));
      }
    } catch (error) {
      // Left there, they would pass for synced the next time.
      for (let made = path; made.length >= topmost.length; made = dirname(made)) this.files.removeEmptyDirectory(made);
      throw error;
    }
  }

  /** A new name in the temporary folder, which is made when it is missing. */
  temporaryPath(): string {
    this.make(this.temporary, false);
    this.#nonce ??= newSessionId();
    return join(this.temporary, `${this.#nonce}-${this.#serial++}`);
  }

  /** Runs `work`, and once more when it failed for something missing: a folder that was looked at may have gone since. */
  lookingAgain<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      this.forget();
      return work();
    }
  }

  /** Forgets what was looked at. */
  forget(): void {
    this.#trusted.clear();
    this.#isOpen = false;
  }

  #isTrusted(path: string): boolean {
    const now = systemClock.steady();
    if (now < this.#trustedUntil) return this.#trusted.has(path);
    this.forget();
    this.#trustedUntil = now + TRUSTED_MS;
    return false;
  }

  #isFolder(path: string): boolean {
    const kind = this.files.kindOf(path);
    if (kind === 'missing') return false;
    if (kind === 'directory') return true;
    const what = kind === 'symlink' ? 'a symbolic link' : 'a file';
    const message = `${path} should be a folder of the relay and is ${what}. Move it away.`;
    throw new DispatchError('RELAY_UNSAFE', message, { path });
  }
}
