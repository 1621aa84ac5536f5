/** What an operator lets be run, and who else would have a say in it. */
const EXECUTORS = 'test/config/executors.test.ts';
const RUNNERS = 'test/config/code-runners.test.ts';
const FILE = 'test/store/filesystem/operator-file.test.ts';
const TEXT = 'test/store/filesystem/operator-text.test.ts';
const LANES = 'test/relay/lanes/lanes.test.ts';
const NAME = 'test/relay/lanes/lane-name.test.ts';

export default {
  title: 'What is run, and for whom',
  defects: [
    {
      name: 'executors-of-others',
      promise: 'An executor exists only where nobody else could have written the file.',
      file: 'src/config/load.ts',
      find: 'if (others !== undefined) {',
      replace: 'if (false) {',
      caughtBy: { file: EXECUTORS, title: 'has no executor and no lane, and says why, while all else of it counts' },
    },
    {
      name: 'trust-unless-asked',
      promise: 'Nothing is run from a file that nobody has looked at.',
      file: 'src/config/load.ts',
      find: "findOthers: FindOthers = () => 'nobody has looked who can write it',",
      replace: 'findOthers: FindOthers = () => undefined,',
      caughtBy: { file: EXECUTORS, title: 'has none either where nobody has looked' },
    },
    {
      name: 'placeholder-in-a-word',
      promise: 'A placeholder is a whole argument.',
      file: 'src/config/judge-argv.ts',
      find: 'if (placeholderOf(element) === name) return [];',
      replace: "if (element.startsWith('-')) return [];",
      caughtBy: { file: EXECUTORS, title: 'is refused' },
    },
    {
      name: 'shell-of-the-words',
      promise: 'The words of a job are no script of a shell.',
      file: 'src/config/code-runners.ts',
      find: '? before.some((argument) => /^[-+][a-z]*c/.test(argument))',
      replace: '? false',
      caughtBy: { file: RUNNERS, title: 'do not become a program' },
    },
    {
      name: 'words-over-ssh',
      promise: 'The words of a job are no command line on another machine.',
      file: 'src/config/code-runners.ts',
      find: 'if (REMOTE.test(name) && first !== -1) {',
      replace: 'if (REMOTE.test(name) && first === 0) {',
      caughtBy: { file: RUNNERS, title: 'do not become a program' },
    },
    {
      name: 'group-chooses-what-is-run',
      promise: 'What decides what is run can be written by nobody else, the group included.',
      file: 'src/store/filesystem/operator-file.ts',
      find: 'const GROUP_OR_OTHERS_WRITE = 0o022;',
      replace: 'const GROUP_OR_OTHERS_WRITE = 0o002;',
      caughtBy: { file: FILE, title: 'may not be writable by others' },
    },
    {
      name: 'folder-not-looked-at',
      promise: 'A folder in which others can replace such a file is as bad as the file.',
      file: 'src/store/filesystem/operator-file.ts',
      find: 'if (open !== undefined) return open;',
      replace: '',
      caughtBy: { file: FILE, title: 'may not lie in a folder that others can write' },
    },
    {
      name: 'list-trusted-unlooked',
      promise: 'A list of lanes that others can write allows nothing.',
      file: 'src/store/filesystem/operator-file.ts',
      find: 'if (others !== undefined) return { problem',
      replace: 'if (false) return { problem',
      caughtBy: { file: TEXT, title: 'is refused when it' },
    },
    {
      name: 'list-read-once',
      promise: 'The list of lanes is read again at each use.',
      file: 'src/relay/lanes/lanes.ts',
      find: 'const read = this.options.read();',
      replace: 'const read = (this.options.once ??= this.options.read());',
      caughtBy: { file: LANES, title: 'is what the list says at this moment' },
    },
    {
      name: 'list-quoted',
      promise: 'No error quotes the list of lanes, which may hold tokens.',
      file: 'src/relay/lanes/lane-file.ts',
      find: "  } catch {\n    // What the parser says holds a piece of the file.\n    return { problem: 'is not valid JSON' };",
      replace: '  } catch (error) {\n    return { problem: String(error) };',
      caughtBy: { file: LANES, title: 'allows nothing, and is not quoted' },
    },
    {
      name: 'lane-of-another-owner',
      promise: 'A repository whose org is not on the list is no lane.',
      file: 'src/relay/lanes/lane-file.ts',
      find: 'else if (!orgs.has(org)) ',
      replace: 'else if (false) ',
      caughtBy: { file: LANES, title: 'is left out and said to be, beside those that are' },
    },
    {
      name: 'repository-as-option',
      promise: 'No name of a repository can be an option or a path.',
      file: 'src/relay/lanes/lane-name.ts',
      find: '/^[A-Za-z0-9._][A-Za-z0-9._-]{0,99}$/',
      replace: '/^[A-Za-z0-9._-]{1,100}$/',
      caughtBy: { file: NAME, title: 'is none' },
    },
  ],
};
