/**
 * Opens a relay directory, or says why it must not be used. A relay that others can write is no relay: they could plant
 * mail, move it, or have us write elsewhere. Checked again when the directory was replaced while we ran.
 */
import { dirname, join } from 'node:path';
import { DispatchError } from '../../model/errors.js';
import { newSessionId } from '../../model/ids.js';
import type { Files } from './files.js';
import { findOpenFolderAbove } from './folders-above.js';

/** The layout that this version writes; `docs/relay-format.md` describes it. */
export const FORMAT = 1;

const FORMAT_FILE = '.format';

const GROUP_OR_OTHERS_WRITE = 0o022;
const GROUP_OR_OTHERS_READ = 0o055;

export class RelayDirectory {
  /** Where a file is made before it gets its name. */
  readonly temporary: string;
  #checked: string | undefined;
  #warnedReadable = false;

  constructor(
    readonly root: string,
    private readonly files: Files,
  ) {
    this.temporary = join(root, '.tmp');
  }

  /**
   * Makes sure that the directory may be used, and for writing that it is there.
   *
   * 1. What is at the path: a link or a file is refused, nothing is created for `write` and left for reading.
   * 2. Whose it is and who else can write it, and the same for the folders above it.
   * 3. Its format: none yet is written as ours, a newer one is refused.
   *
   * @returns false when there is no relay yet and `write` is false.
   * @throws DispatchError `RELAY_UNSAFE`, `RELAY_TOO_NEW`; errno errors.
   */
  open(write: boolean): boolean {
    const stat = this.files.lstat(this.root);
    if (stat === undefined) {
      if (!write) return false;
      this.#create();
      return true;
    }
    if (identityOf(stat) !== this.#checked) {
      this.#assertSafe(stat);
      if (!this.#assertFormat(write)) return true;
      this.#checked = identityOf(stat);
    }
    return true;
  }

  #create(): void {
    const topmost = this.files.ensureDirectory(this.root);
    const stat = this.files.lstat(this.root);
    if (stat === undefined) return;
    this.#assertSafe(stat);
    if (topmost !== undefined) this.#syncMade(topmost);
    this.#assertFormat(true);
    this.#checked = identityOf(stat);
  }

  /** Every directory made has to be named durably by the one above it. */
  #syncMade(topmost: string): void {
    try {
      for (let made = this.root; made !== dirname(topmost); made = dirname(made))
        this.files.syncDirectory(this.files.realPath(dirname(made)));
    } catch (error) {
      // Left there, they would pass for synced the next time.
      for (let made = this.root; made !== dirname(topmost); made = dirname(made)) this.files.removeEmptyDirectory(made);
      throw error;
    }
  }

  #assertSafe(stat: { isSymbolicLink(): boolean; isDirectory(): boolean; mode: number; uid: number }): void {
    const { root } = this;
    if (stat.isSymbolicLink()) {
      throw this.#unsafe(
        `is a symbolic link to ${this.files.readLink(root)}. Set MCP_DISPATCH_DIR (or dispatch_dir) to the real directory.`,
      );
    }
    if (!stat.isDirectory()) {
      throw this.#unsafe(
        'is not a directory. Move that file away, or set MCP_DISPATCH_DIR (or dispatch_dir) to a directory.',
      );
    }
    const uid = process.getuid?.();
    if (uid === undefined) return;
    if (stat.uid !== uid) {
      throw this.#unsafe(`belongs to another user (uid ${stat.uid}, this is uid ${uid}). Use a directory of your own.`);
    }
    if ((stat.mode & GROUP_OR_OTHERS_WRITE) !== 0) {
      throw this.#unsafe(
        `can be written by other users (mode ${octal(stat.mode)}). If all of it is yours: chmod 700 "${root}"`,
      );
    }
    if ((stat.mode & GROUP_OR_OTHERS_READ) !== 0 && !this.#warnedReadable) {
      this.#warnedReadable = true;
      this.files.warn(
        `${root} can be read by other users (mode ${octal(stat.mode)}). To keep mail private: chmod 700 "${root}"`,
      );
    }
    const open = findOpenFolderAbove(this.files, root);
    if (open !== undefined) {
      throw this.#unsafe(
        `lies in ${open.path}, which every user can write (mode ${octal(open.mode)}). Move the relay, or: chmod o-w "${open.path}"`,
      );
    }
  }

  /** False when the relay has no format yet and only reading is wanted. */
  #assertFormat(write: boolean): boolean {
    const path = join(this.root, FORMAT_FILE);
    const read = this.files.readSafely(path, 64);
    if (read === undefined) {
      if (!write) return false;
      this.files.ensureDirectory(this.temporary);
      const temporary = join(this.temporary, newSessionId());
      this.files.writeNew(temporary, Buffer.from(`${FORMAT}\n`), true);
      try {
        this.files.link(temporary, path);
      } finally {
        this.files.discard(temporary);
      }
      return true;
    }
    const text = read.ok ? Buffer.from(read.bytes).toString('utf8').trim() : '';
    if (!/^[0-9]{1,6}$/.test(text)) {
      throw this.#unsafe(`has an unreadable ${FORMAT_FILE} file. It should hold the single number ${FORMAT}.`);
    }
    if (Number(text) > FORMAT) {
      throw new DispatchError(
        'RELAY_TOO_NEW',
        `Relay ${this.root} has format ${text}; this version of mcp-dispatch knows formats up to ${FORMAT}. Update mcp-dispatch, or use another directory.`,
        { path: this.root, format: Number(text) },
      );
    }
    return true;
  }

  #unsafe(why: string): DispatchError {
    return new DispatchError('RELAY_UNSAFE', `Relay ${this.root} ${why}`, { path: this.root });
  }
}

/** Tells a directory from another one that took its place, also where the inode is used again. */
function identityOf(stat: { dev: number; ino: number; birthtimeMs: number }): string {
  return `${stat.dev}:${stat.ino}:${stat.birthtimeMs}`;
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
