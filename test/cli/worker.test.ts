/** What `worker` says before it works. What it does then: test/worker/. */
import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { WorkerWorld } from '../worker/worker-processes.js';

let world: WorkerWorld;
afterEach(() => world.remove());

describe('worker', () => {
  it.each([
    [['--agent', 'a/b'], 'a/b'],
    [['--agent', 'codex', '--idle-timeout', '0'], '--idle-timeout must be a whole number, 1 to'],
    [['--agent', 'codex', '--interval', 'soon'], '--interval must be a whole number, 100 to'],
    [['--agent', 'codex', '--concurrency', '0'], '--concurrency must be a whole number, 1 to 64'],
    [['--agent', 'codex', '--lease', '3601'], '--lease must be a whole number, 1 to 3600 seconds'],
  ])('refuses %j, and says what would do', (args, why) => {
    world = new WorkerWorld('say');
    const { code, out, err } = world.command('worker', ...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(why);
  });

  it('for an agent without an executor names those there are, and shows how to write one', () => {
    world = new WorkerWorld('say');
    const { code, err } = world.command('worker', '--agent', 'bob');
    expect(code).toBe(2);
    expect(err).toContain(`There is no executor for bob in ${world.config}. There are executors for codex.`);
    expect(err).toContain('`mcp-dispatch init --executors codex,claude-code` adds two');
    expect(err).toContain('[executors.bob]\nargv = [');
  });

  it('where there is no executor at all names the command that writes them', () => {
    world = new WorkerWorld('say');
    writeFileSync(world.config, '');
    const { code, err } = world.command('worker', '--agent', 'bob');
    expect(code).toBe(2);
    expect(err).toContain('Write one. `mcp-dispatch init --executors codex,claude-code`');
    expect(err).not.toContain('Name one of these');
  });

  it('whose program or folder is not there does not begin', () => {
    world = new WorkerWorld('say', { tables: '[executors.gone]\nargv = ["no-such-program-here", "--", "{prompt}"]' });
    const gone = world.command('worker', '--agent', 'gone', '--once');
    expect([gone.code, gone.err]).toEqual([2, expect.stringContaining('"no-such-program-here" of the executor')]);
    world.programs.remove();
    world = new WorkerWorld('say', { extra: 'cwd = "/no/such/folder"' });
    const nowhere = world.command('worker', '--agent', 'codex', '--once');
    expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('/no/such/folder')]);
  });
});
