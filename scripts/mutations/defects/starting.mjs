/** What a start of the server is loaded from: `src/code-cache.ts`. */
const CODE_CACHE = 'test/process/code-cache.test.ts';

export default {
  title: 'Starting',
  defects: [
    {
      name: 'damaged-code-cache-taken',
      promise: 'A code cache that is damaged keeps no server from starting.',
      file: 'src/code-cache.ts',
      find: '=== digest(data, source) ? data : undefined',
      replace: '!== undefined ? data : undefined',
      caughtBy: { file: CODE_CACHE, title: 'a byte of what V8 made is another' },
    },
    {
      name: 'code-cache-of-another-part-taken',
      promise: 'What runs is the part that is there, not the one that its code cache was made of.',
      file: 'src/code-cache.ts',
      find: "createHash('sha256').update(data).update(source)",
      replace: "createHash('sha256').update(data).update(String(source.length))",
      caughtBy: { file: CODE_CACHE, title: 'the part is another of the same length' },
    },
    {
      name: 'code-cache-of-another-node-taken',
      promise: 'A code cache that another build of Node made is passed over.',
      file: 'src/code-cache.ts',
      find: "if (file.toString('latin1', end) !== build()) return undefined;",
      replace: '',
      caughtBy: { file: CODE_CACHE, title: 'it is of another build of this version' },
    },
    {
      name: 'part-loaded-twice',
      promise: 'A part that another part loads is the one that runs.',
      file: 'src/code-cache.ts',
      find: '  require.cache[file] = loaded;\n',
      replace: '',
      caughtBy: { file: CODE_CACHE, title: 'is loaded from it, and is what it is without' },
    },
  ],
};
