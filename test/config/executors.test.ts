import { chmodSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ConfigCheck, checkConfig, loadConfig } from '../../src/config/load.js';
import { useSandbox } from './sandbox.js';

const sandbox = useSandbox();
const mine = () => undefined;

/** A file of this text, as one that nobody else can write. */
async function trusted(text: string, env: NodeJS.ProcessEnv = {}): Promise<ConfigCheck> {
  sandbox.write(text);
  return checkConfig(env, mine);
}

const CODEX = '[executors.codex]\nargv = ["codex", "exec", "--", "{prompt}"]\n';

describe('[executors.<agent>]', () => {
  it('has defaults for all but the command', async () => {
    const { config } = await trusted(CODEX);
    expect(config?.executors).toEqual(
      new Map([
        [
          'codex',
          { argv: ['codex', 'exec', '--', '{prompt}'], timeoutSeconds: 1800, env: ['PATH', 'HOME'], models: [] },
        ],
      ]),
    );
    expect(config).not.toHaveProperty('operatorProblem');
    expect(config).not.toHaveProperty('lanes');
  });

  it('has every key under its own name, and may stand under [dispatch] or in line', async () => {
    const keys = [
      'argv = ["a", "-m", "{model}", "-o", "{output_file}"]',
      'write_argv = ["a", "--write", "--", "{prompt}"]',
      'stdin = "{prompt}"',
      'timeout_seconds = 7',
      'env = ["PATH", "_X9"]',
      'cwd = "~/code"',
      'models = ["small", "large/2"]',
    ];
    const executor = {
      argv: ['a', '-m', '{model}', '-o', '{output_file}'],
      writeArgv: ['a', '--write', '--', '{prompt}'],
      stdin: '{prompt}',
      timeoutSeconds: 7,
      env: ['PATH', '_X9'],
      cwd: path.join(sandbox.home, 'code'),
      models: ['small', 'large/2'],
    };
    for (const text of [
      `[executors.my-agent]\n${keys.join('\n')}`,
      `[dispatch.executors.my-agent]\n${keys.join('\n')}`,
      `executors = { my-agent = { ${keys.join(', ')} } }`,
    ]) {
      const { problems, config } = await trusted(text);
      expect(problems).toEqual([]);
      expect(config?.executors).toEqual(new Map([['my-agent', executor]]));
    }
  });

  it('is there once for each agent, in the order of the file', async () => {
    const { config, fromFile } = await trusted(`${CODEX}[executors.bob]\nargv = ["b"]\nstdin = "{prompt}"`);
    expect([...(config?.executors.keys() ?? [])]).toEqual(['codex', 'bob']);
    expect(fromFile).toEqual(['executors.codex.argv', 'executors.bob.argv', 'executors.bob.stdin']);
  });

  it('cannot have one key in two places', async () => {
    const problem = await sandbox.problem(`${CODEX}[dispatch.executors.codex]\nargv = ["x", "--", "{prompt}"]`);
    expect(problem).toMatchObject({ line: 4, column: 1, key: 'dispatch.executors.codex.argv' });
    expect(problem.message).toBe('this is also set under [executors.codex]. Keep one of the two.');
  });

  it.each([
    ['[executors.codex]\nargs = ["x"]', 'executors.codex.args', 2, 'unknown key. Did you mean "argv"?'],
    [`${CODEX}timeout = 5`, 'executors.codex.timeout', 3, 'Did you mean "timeout_seconds"?'],
    [
      `${CODEX}[executors.codex.more]\nargv = 1`,
      'executors.codex.more.argv',
      4,
      'Did you mean "argv"? It stands under',
    ],
    ['[executor.codex]\nargv = ["x"]', 'executor', 1, 'unknown table. Did you mean [executors.<agent>]?'],
    ['[executors]\nargv = ["x"]', 'executors.argv', 2, 'this must be one table: write [executors.argv]'],
    ['executors = 1', 'executors', 1, 'this must be one table: write [executors] and the keys below it.'],
    ['[[executors.codex]]\nargv = ["x"]', 'executors.codex', 1, 'this must be one table: write [executors.codex]'],
    ['[executors.Codex]\nargv = ["x"]', 'executors.Codex', 1, 'an executor is called as its agent is: write codex.'],
    ['[executors."a b"]\n', 'executors."a b"', 1, '"a b" is not a valid name. An agent id is 1 to 64 characters'],
    ['[executors.human]\n', 'executors.human', 1, '"human" is a reserved name.'],
    ['[executors.__proto__]\n', 'executors.__proto__', 1, '"__proto__" is a reserved name.'],
    [
      '[executors.codex]\n',
      'executors.codex',
      1,
      'an executor must say what to run, as an array, like argv = ["codex",',
    ],
    [
      'argv = ["x"]',
      'argv',
      1,
      'Did you mean "argv"? It stands under [executors.<agent>] or [dispatch.executors.<agent>].',
    ],
  ])('%j says where and what is wrong', async (text, key, line, said) => {
    const problem = await sandbox.problem(text);
    expect(problem).toMatchObject({ key, line, message: expect.stringContaining(said) });
    expect(problem.excerpt).toContain('^');
  });

  it.each([
    ['argv = "codex {prompt}"', 'expected an array of a program and its arguments'],
    ['argv = []', 'the array is empty. Name a program, or leave the key out.'],
    ['argv = ["{prompt}"]', 'the program must be named here: a job chooses no command, so it cannot be {prompt}.'],
    ['argv = ["x{prompt}"]', 'the program must be named here'],
    ['argv = ["a", "x{prompt}"]', '{prompt} must be a whole argument, and "x{prompt}" has more in it.'],
    ['argv = ["a", "--p={prompt}", "{prompt}"]', 'Take it apart, for instance into "--p=", "{prompt}".'],
    ['argv = ["a", "{prompt}{model}"]', 'into "{prompt}", "{model}".'],
    ['argv = ["a", " {prompt}"]', '{prompt} must be a whole argument'],
    ['argv = ["a", "{promt}"]', 'unknown placeholder "{promt}". Did you mean {prompt}?'],
    ['argv = ["a", "{task}"]', 'unknown placeholder "{task}". Known are {prompt} and {output_file} and {model}.'],
    ['argv = ["a", "b\\u0000", "{prompt}"]', 'an argument cannot contain a NUL character.'],
    [`argv = ["a", "${'x'.repeat(4097)}", "{prompt}"]`, '4097 characters; at most 4096'],
    [`argv = [${'"a",'.repeat(65)}]`, '65 elements; at most 64'],
    ['argv = ["a", "b"]', '{prompt} stands nowhere, so no job would reach the program.'],
    ['argv = ["a", "--", "{prompt}"]\nwrite_argv = ["a", "--write"]', '{prompt} stands nowhere'],
    ['argv = ["a", "{model}", "--", "{prompt}"]', '{model} has nothing to stand for: name the models'],
    ['argv = ["a"]\nstdin = "prompt"', 'expected "{prompt}", found the text "prompt".'],
    ['argv = ["a"]\nstdin = "{model}"', 'expected "{prompt}", found the text "{model}".'],
  ])('%s is refused', async (keys, said) => {
    const problem = await sandbox.problem(`[executors.codex]\n${keys}`);
    expect(problem.message).toContain(said);
    expect(problem.line).toBeGreaterThan(1);
  });

  it.each([
    ['env = ["1X"]', '"1X" is no name of an environment variable'],
    ['env = ["A-B"]', '"A-B" is no name of an environment variable'],
    ['env = [""]', '"" is no name of an environment variable'],
    ['env = ["A=b"]', 'Name it only: its value is what the worker has.'],
    ['env = ["A", "A"]', '"A" stands here twice. Keep one.'],
    ['env = ["A", 1]', 'expected text in quotes, found the number 1.'],
    ['env = "PATH"', 'expected an array of names of environment variables, found the text "PATH".'],
    [`env = [${'"A",'.repeat(65)}]`, '65 elements; at most 64'],
    ['models = ["-m"]', '"-m" begins with "-", so a program could take it for an option.'],
    ['models = [" "]', 'the text is empty.'],
    ['models = ["a\\u0000"]', 'the text has a control character.'],
    [`models = ["${'m'.repeat(201)}"]`, '201 characters; at most 200'],
    ['cwd = "code"', 'Write an absolute path.'],
    ['timeout_seconds = 0', 'a whole number of seconds from 1 to 86400, found the number 0.'],
    ['timeout_seconds = 86401', 'found the number 86401.'],
    ['timeout_seconds = "60"', 'Write it without quotes.'],
  ])('%s is refused beside a good command', async (key, said) => {
    const problem = await sandbox.problem(`${CODEX}${key}`);
    expect(problem).toMatchObject({ line: 3, message: expect.stringContaining(said) });
  });

  it('may see no variable at all', async () => {
    expect((await trusted(`${CODEX}env = []`)).config?.executors.get('codex')?.env).toEqual([]);
  });
});

describe('a file that others could have written', () => {
  const others = () => '/srv can be written by other users (mode 0777; chmod go-w)';

  it('has no executor and no lane, and says why, while all else of it counts', async () => {
    sandbox.write(`watch = false\n${CODEX}[lanes]\nargv = ["l", "{repo}", "--", "{task}"]`);
    const { problems, config } = await checkConfig({}, others);
    expect([problems, config?.watch, config?.executors]).toEqual([[], false, new Map()]);
    expect(config).not.toHaveProperty('lanes');
    expect(config?.operatorProblem).toBe(
      '/srv can be written by other users (mode 0777; chmod go-w), so no executor and no lane of this file exists: it says what is run here.',
    );
  });

  it('has none either where nobody has looked', async () => {
    sandbox.write(CODEX);
    const { executors, operatorProblem } = await loadConfig({});
    expect([executors, operatorProblem]).toEqual([new Map(), expect.stringMatching(/^nobody has looked/)]);
  });

  it('is not asked about where it has neither', async () => {
    sandbox.write('watch = true\n[lanes]\nhost = "h"');
    const asked = () => {
      throw new Error('not needed');
    };
    expect(await loadConfig({}, asked)).not.toHaveProperty('operatorProblem');
  });

  it.skipIf(process.platform === 'win32')('is not used at all when it is the file itself', async () => {
    chmodSync(sandbox.write(CODEX), 0o666);
    expect((await checkConfig({}, mine)).problems).toMatchObject([
      { message: expect.stringContaining('other users can write this file') },
    ]);
  });
});

describe('toolsets', () => {
  it('are all there unless some are chosen', async () => {
    expect((await loadConfig({})).toolsets).toEqual(['mail', 'topics', 'jobs']);
    expect((await trusted('toolsets = ["jobs"]')).config?.toolsets).toEqual(['jobs']);
  });

  it.each([
    ['[]', 'the array is empty, so a client would find no tool at all. Name one, or leave the key out for all.'],
    ['["mails"]', 'unknown value "mails". Did you mean "mail"?'],
    ['["mail", "mail"]', '"mail" stands here twice.'],
    ['"mail"', 'expected an array of some of "mail", "topics", "jobs"'],
  ])('may not be %s', async (value, said) => {
    expect((await sandbox.problem(`toolsets = ${value}`)).message).toContain(said);
  });
});
