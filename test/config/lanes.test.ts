import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ConfigCheck, checkConfig } from '../../src/config/load.js';
import { useSandbox } from './sandbox.js';

const sandbox = useSandbox();

async function trusted(text: string, env: NodeJS.ProcessEnv = {}): Promise<ConfigCheck> {
  sandbox.write(text);
  return checkConfig(env, () => undefined);
}

const ARGV = 'argv = ["lane", "{orguser}", "{repo}", "--", "{task}"]';
const LANES = `[lanes]\n${ARGV}\n`;

describe('[lanes]', () => {
  it('has defaults for all but the command', async () => {
    expect((await trusted(LANES)).config?.lanes).toEqual({
      repos: path.join(sandbox.home, '.repos.json'),
      host: 'localhost',
      maxIterations: 50,
      executor: {
        argv: ['lane', '{orguser}', '{repo}', '--', '{task}'],
        timeoutSeconds: 60,
        env: ['PATH', 'HOME'],
        models: [],
      },
    });
  });

  it('has every key under its own name', async () => {
    const { config } = await trusted(
      [
        '[dispatch.lanes]',
        'repos = "/srv/repos.json"',
        'argv = ["ssh", "{host}", "lane", "{repo}", "{max_iterations}"]',
        'write_argv = ["lane", "--write", "{repo}"]',
        'stdin = "{task}"',
        'host = "me@build-1.example"',
        'max_iterations = 7',
        'timeout_seconds = 3600',
        'env = ["PATH"]',
        'cwd = "/srv"',
      ].join('\n'),
    );
    expect(config?.lanes).toEqual({
      repos: path.resolve('/srv/repos.json'),
      host: 'me@build-1.example',
      maxIterations: 7,
      executor: {
        argv: ['ssh', '{host}', 'lane', '{repo}', '{max_iterations}'],
        writeArgv: ['lane', '--write', '{repo}'],
        stdin: '{task}',
        timeoutSeconds: 3600,
        env: ['PATH'],
        cwd: path.resolve('/srv'),
        models: [],
      },
    });
  });

  it('without a command means that there are none', async () => {
    const { problems, config } = await trusted('[lanes]\nhost = "h"\nmax_iterations = 3');
    expect([problems, config?.lanes]).toEqual([[], undefined]);
  });

  it.each([
    ['argv = ["lane", "--", "{task}"]', '{repo} must be one of the arguments.'],
    ['argv = ["lane", "{repo}"]', '{task} stands nowhere, so no job would reach the program.'],
    ['argv = ["lane", "{repo}", "x{task}"]', '{task} must be a whole argument'],
    ['argv = ["lane", "{orguser}/{repo}", "{task}"]', 'into "{orguser}", "/", "{repo}".'],
    ['argv = ["lane", "{prompt}"]', 'unknown placeholder "{prompt}".'],
    ['write_argv = ["lane", "{repo}", "--", "{task}"]', 'lanes must say what to run, as an array'],
    [`${ARGV}\nhost = "-oProxyCommand=x"`, '"-oProxyCommand=x" is no host'],
    [`${ARGV}\nhost = ""`, '"" is no host'],
    [`${ARGV}\nhost = "a b"`, '"a b" is no host'],
    [`${ARGV}\nhost = "a;b"`, '"a;b" is no host'],
    [`${ARGV}\nhost = 1`, 'expected a host in quotes, found the number 1.'],
    [`${ARGV}\nmax_iterations = 0`, 'a whole number of iterations from 1 to 10000, found the number 0.'],
    [`${ARGV}\nrepos = ".repos.json"`, 'Write an absolute path.'],
    [`${ARGV}\nmodels = ["x"]`, 'unknown key. Did you mean "models"? It stands under [executors.<agent>]'],
  ])('%j is refused', async (keys, said) => {
    expect((await sandbox.problem(`[lanes]\n${keys}`)).message).toContain(said);
  });
});

describe('the variables of the lanes', () => {
  it('win over the file', async () => {
    const { config } = await trusted(`${LANES}host = "h"\nmax_iterations = 3\nrepos = "/r"\ntimeout_seconds = 4`, {
      DISPATCH_REPOS_JSON: '~/mine.json',
      DISPATCH_SSH_HOST: 'build-2',
      DISPATCH_MAX_ITERATIONS: '007',
      DISPATCH_TIMEOUT: '86400',
    });
    expect(config?.lanes).toMatchObject({
      repos: path.join(sandbox.home, 'mine.json'),
      host: 'build-2',
      maxIterations: 7,
      executor: { timeoutSeconds: 86_400 },
    });
  });

  it('count as not set when they are empty', async () => {
    const { config } = await trusted(LANES, { DISPATCH_REPOS_JSON: '', DISPATCH_TIMEOUT: '', DISPATCH_SSH_HOST: '' });
    expect(config?.lanes).toMatchObject({ host: 'localhost', executor: { timeoutSeconds: 60 } });
  });

  it.each([
    ['DISPATCH_REPOS_JSON', 'repos.json', 'Write an absolute path.'],
    ['DISPATCH_SSH_HOST', '-F/tmp/x', '"-F/tmp/x" is no host'],
    ['DISPATCH_MAX_ITERATIONS', 'many', 'a whole number of iterations from 1 to 10000, found the text "many".'],
    ['DISPATCH_MAX_ITERATIONS', '1e3', 'found the text "1e3".'],
    ['DISPATCH_TIMEOUT', '12.5', 'a whole number of seconds from 1 to 86400, found the text "12.5".'],
    ['DISPATCH_TIMEOUT', '-5', 'found the number -5.'],
    ['DISPATCH_TIMEOUT', ' ', 'found the text " ".'],
  ])('%s=%j is an error, never the default', async (name, value, said) => {
    const { problems, config } = await trusted(LANES, { [name]: value });
    expect([problems, config]).toEqual([[{ key: name, message: expect.stringContaining(said) }], undefined]);
  });

  it('are not looked at where there are no lanes: their names are not ours alone', async () => {
    expect((await trusted('watch = true', { DISPATCH_TIMEOUT: 'soon' })).problems).toEqual([]);
  });
});
