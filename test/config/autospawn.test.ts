import { describe, expect, it } from 'vitest';
import { type ConfigCheck, checkConfig, loadConfig } from '../../src/config/load.js';
import { useSandbox } from './sandbox.js';

const sandbox = useSandbox();

async function trusted(text: string): Promise<ConfigCheck> {
  sandbox.write(text);
  return checkConfig({}, () => undefined);
}

const CODEX = '[executors.codex]\nargv = ["codex", "exec", "--", "{prompt}"]\n';
const LANES = '[lanes]\nargv = ["lane", "{repo}", "--", "{task}"]\n';

describe('[worker]', () => {
  it('starts nothing unless it is asked to, and then takes no job that may write', async () => {
    const nothing = { names: [], writes: 'none', idleTimeoutSeconds: 300 };
    expect((await loadConfig({})).autospawn).toEqual(nothing);
    expect((await trusted(CODEX)).config?.autospawn).toEqual(nothing);
    const { config } = await trusted(`${CODEX}[worker]\nautospawn = ["codex"]`);
    expect(config?.autospawn).toEqual({ ...nothing, names: ['codex'] });
  });

  it('has every key under its own name, and may stand above the executors', async () => {
    const table = 'autospawn = ["codex", "lanes"]\nwrites = "worktrees"\nidle_timeout_seconds = 7\n';
    const { config, problems } = await trusted(`[dispatch.worker]\n${table}${CODEX}${LANES}`);
    expect(problems).toEqual([]);
    expect(config?.autospawn).toEqual({ names: ['codex', 'lanes'], writes: 'worktrees', idleTimeoutSeconds: 7 });
  });

  it('names nothing in a file that others can write, whatever it says', async () => {
    sandbox.write(`${CODEX}[worker]\nautospawn = ["codex"]`);
    const { autospawn, operatorProblem } = await loadConfig({}, (file) => `${file} can be written by other users`);
    expect(autospawn.names).toEqual([]);
    expect(operatorProblem).toContain('can be written by other users');
  });

  it('takes the name lanes for an executor that is called so', async () => {
    const text = `${CODEX.replace('codex]', 'lanes]')}[worker]\nautospawn = ["lanes"]`;
    expect((await trusted(text)).problems).toEqual([]);
  });

  it.each([
    ['"codx"', '"codx" is nothing that can be run. Did you mean "codex"?'],
    ['"reviewer"', '"reviewer" is nothing that can be run. Write [executors.reviewer], or leave it out.'],
    ['"Not A Name"', '"Not A Name" is nothing that can be run. Write [executors.<agent>], or leave it out.'],
    ['"lanes"', '"lanes" is nothing that can be run. Write argv in [lanes], or leave it out.'],
    ['"codex", "codex"', '"codex" stands here twice. Keep one.'],
  ])('refuses %s, and shows the place', async (names, message) => {
    const problem = await sandbox.problem(`${CODEX}[worker]\nautospawn = [${names}]`);
    expect(problem).toMatchObject({ key: 'worker.autospawn', line: 4, message });
  });

  it('refuses other words for writes, and no time', async () => {
    const { problems } = await trusted('[worker]\nwrites = true\nidle_timeout_seconds = 0');
    expect(problems.map(({ key }) => key)).toEqual(['worker.writes', 'worker.idle_timeout_seconds']);
  });
});
