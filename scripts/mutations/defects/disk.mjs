/** What reaches the disk, and when: `src/store/filesystem/`. */
const FAULTS = 'test/store/filesystem/filesystem-store.faults.test.ts';
const FILES = 'test/store/filesystem/files.test.ts';
const STORE = 'test/store/filesystem/filesystem-store.test.ts';

export default {
  title: 'The disk',
  defects: [
    {
      name: 'inbox-folder-not-synced',
      promise: 'What was answered `sent` is there after a power cut.',
      file: 'src/store/filesystem/publisher.ts',
      find: 'if (sync) this.#syncFolders(created, outcomes);',
      replace: '',
      caughtBy: { file: FAULTS, title: 'a value and its folder' },
    },
    {
      name: 'message-bytes-not-synced',
      promise: 'A message that is visible after a power cut is whole.',
      file: 'src/store/filesystem/files.ts',
      find: 'if (sync && bytes.length > 0) this.#sys.fsyncSync(fd);',
      replace: '',
      caughtBy: { file: FILES, title: 'syncs after the last byte and before the file is closed' },
    },
    {
      name: 'new-folder-not-synced-into-the-one-above',
      promise: 'The first message to an agent survives a power cut, with the folder that was made for it.',
      file: 'src/store/filesystem/folders.ts',
      find: 'this.files.syncDirectory(dirname(made));',
      replace: '',
      caughtBy: { file: FAULTS, title: 'a new folder and the relay besides' },
    },
    {
      name: 'removal-not-synced',
      promise: 'What was acknowledged does not come back after a power cut.',
      file: 'src/store/filesystem/filesystem-store.ts',
      find: 'if (this.#sync && options.durable !== false) for (const folder of changed) this.#files.syncDirectory(folder);',
      replace: '',
      caughtBy: { file: FAULTS, title: 'the folder of what was removed' },
    },
    {
      name: 'failed-sync-passed-over',
      promise: 'A send whose inbox folder could not be synced is not answered `sent`.',
      file: 'src/store/filesystem/publisher.ts',
      find: 'for (const index of indices) outcomes[index] = failure;',
      replace: 'void failure;',
      caughtBy: {
        file: 'test/store/filesystem/folder-sync.test.ts',
        title: 'in a folder that cannot be synced is not told as done',
      },
    },
    {
      name: 'one-error-passes-for-done',
      promise: 'Whatever a call fails with, nothing that failed is answered as done.',
      file: 'src/store/filesystem/files.ts',
      find: 'this.#sys.linkSync(from, to);\n      return true;\n    } catch (error) {',
      replace:
        "this.#sys.linkSync(from, to);\n      return true;\n    } catch (error) {\n      if (errnoOf(error) === 'EROFS') return true;",
      caughtBy: {
        file: 'test/proof/faults-in-turn.test.ts',
        title: 'keeps every promise when a call meets',
      },
    },
    {
      name: 'published-with-rename',
      promise: 'Publishing never replaces a message.',
      file: 'src/store/filesystem/files.ts',
      find: 'this.#sys.linkSync(from, to);',
      replace: 'this.#sys.renameSync(from, to);',
      caughtBy: { file: STORE, title: 'never replaces what is there' },
    },
    {
      name: 'short-write-not-continued',
      promise: 'A disk that takes a part of the bytes leaves no torn message.',
      file: 'src/store/filesystem/files.ts',
      find: 'while (written < bytes.length) {',
      replace: 'if (written < bytes.length) {',
      caughtBy: { file: FAULTS, title: 'is written to until every byte is there' },
    },
    {
      name: 'temporary-file-left',
      promise: 'A send leaves nothing but the message.',
      file: 'src/store/filesystem/publisher.ts',
      find: "if (typeof temporary === 'string') this.files.discard(temporary);",
      replace: '',
      caughtBy: { file: STORE, title: 'holds no temporary file after any success' },
    },
    {
      name: 'record-changed-without-comparing',
      promise: 'A record is changed by the one of several racing callers that had read its last revision.',
      file: 'src/store/filesystem/records.ts',
      find: 'won = this.files.rename(join(folder, revision), join(folder, successor(revision, nonce)));',
      replace: `const head = this.files.list(folder).find((name) => HEAD.test(name)) ?? revision;
      won = this.files.rename(join(folder, head), join(folder, successor(head, nonce)));`,
      caughtBy: { file: STORE, title: 'tells exactly one of many racing callers that name the same revision true' },
    },
    {
      name: 'unsettled-listing-kept',
      promise: 'A message that arrives within the tick of the last change is found.',
      file: 'src/store/filesystem/listings.ts',
      find: 'if (now - stat.mtimeMs > COARSEST_TICK_MS)',
      replace: 'if (now >= stat.mtimeMs)',
      caughtBy: {
        file: 'test/store/filesystem/listings.test.ts',
        title:
          'is not kept when the folder changed within the coarsest tick: a change that follows may have the same time',
      },
    },
    {
      name: 'listing-of-another-folder-believed',
      promise: 'A folder that takes the place of another is listed anew.',
      file: 'src/store/filesystem/listings.ts',
      find: 'kept.inode === stat.ino && ',
      replace: '',
      caughtBy: {
        file: 'test/store/filesystem/listings.test.ts',
        title: 'of another folder in its place, with the same time, is taken anew',
      },
    },
    {
      name: 'count-kept-after-a-change-by-others',
      promise: 'The number of kept messages is exact, whoever changed them.',
      file: 'src/store/filesystem/child-counter.ts',
      find: 'if (!unchangedSince) return changed;',
      replace: '',
      caughtBy: {
        file: 'test/store/filesystem/child-counter.test.ts',
        title: 'is not made wrong by a change of another process just before our own',
      },
    },
    {
      name: 'log-record-ends-with-its-newline',
      promise: 'A record that a crash left torn takes no other with it.',
      file: 'src/store/log-record.ts',
      find: `\`\\n\${record}\``,
      replace: `\`\${record}\\n\``,
      caughtBy: {
        file: 'test/store/memory/memory-store.test.ts',
        title: 'takes no record with the one that a crash left torn before it',
      },
    },
  ],
};
