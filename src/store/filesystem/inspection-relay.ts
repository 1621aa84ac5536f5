/** The relay directory as a whole: whether servers use it, and what they would say of it. */
import { join } from 'node:path';
import { DispatchError } from '../../model/errors.js';
import type { DirectoryCheck } from './inspection.js';
import { octal } from './inspection-tree.js';
import { RelayDirectory } from './relay-directory.js';

export const relayMissing: DirectoryCheck = {
  code: 'relay-missing',
  async run({ files, root }) {
    if (files.kindOf(root) !== 'missing') return [];
    const message = 'There is no relay here yet. The first message or the first session makes it.';
    return [{ severity: 'note', path: root, message }];
  },
};

/** With rights for others the directory is refused, or at least its mail is not private. */
export const relayMode: DirectoryCheck = {
  code: 'relay-mode',
  async run({ files, root, uid }) {
    const stat = files.lstat(root);
    if (uid === undefined || stat?.isDirectory() !== true || stat.uid !== uid) return [];
    const mode = octal(stat.mode);
    if ((stat.mode & 0o700) !== 0o700) {
      const message = `Its owner lacks rights (mode ${mode}), so mail can neither be read nor written. Run: chmod 700 "${root}"`;
      return [{ severity: 'error', path: root, message }];
    }
    if ((stat.mode & 0o077) === 0) return [];
    const repair = { does: 'make it 0700', run: async () => files.keepToOwner(root) };
    if ((stat.mode & 0o022) === 0) {
      return [{ severity: 'warning', path: root, message: `Other users can look into it (mode ${mode}).`, repair }];
    }
    const message = `Other users can write it (mode ${mode}): they could plant mail or move it, so no server uses it.`;
    return [{ severity: 'error', path: root, message, repair }];
  },
};

/** By the very code of the servers: a link, another owner, folders above that others can write, a format that is not known. */
export const relayDirectory: DirectoryCheck = {
  code: 'relay-unsafe',
  async run({ files, root, uid }) {
    const stat = files.lstat(root);
    // The mode of a directory of ours is looked at above, and can be repaired.
    if (stat?.isDirectory() === true && stat.uid === uid && (stat.mode & 0o022) !== 0) return [];
    try {
      new RelayDirectory(root, files).open(false);
      return [];
    } catch (error) {
      if (!(error instanceof DispatchError)) throw error;
      return [{ severity: 'error', path: root, message: error.message }];
    }
  },
};

export const formatMissing: DirectoryCheck = {
  code: 'format-missing',
  async run({ files, root }) {
    // Whoever makes a relay makes .tmp/ and .format before anything else: listed first, so that a relay in the making is none.
    const names = files.list(root).filter((name) => name !== '.tmp');
    const path = join(root, '.format');
    if (names.length === 0 || files.kindOf(path) !== 'missing') return [];
    return [
      {
        severity: 'warning',
        path,
        message:
          'The relay does not say its format, so an older or newer version of the program could take it for its own.',
        repair: {
          does: 'write it',
          run: async () => {
            new RelayDirectory(root, files).open(true);
          },
        },
      },
    ];
  },
};
