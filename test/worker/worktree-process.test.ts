/** Real workers whose programs write in worktrees, and what is left of one that is killed. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../helpers/server-sandbox.js';
import { WorkerWorld } from './worker-processes.js';
import { WorktreeWorld } from './worktree-world.js';

let git: WorktreeWorld;
let world: WorkerWorld;
let before: string;
beforeEach(() => {
  git = new WorktreeWorld();
  before = git.fingerprint();
});
afterEach(async () => {
  await world.remove();
  expect(git.fingerprint()).toBe(before);
  await git.close();
});

const begin = (kind: string) => {
  world = new WorkerWorld(kind, { extra: `cwd = ${JSON.stringify(git.repo)}` });
};
const IN_WORKTREE = { write: true, worktree: true };

describe('a worker with --writes worktrees', () => {
  it('does what is to be done in a worktree, tells where that is, and leaves other writes alone', async () => {
    begin('edit');
    const anywhere = await world.submit({ write: true });
    const { id } = await world.submit(IN_WORKTREE);
    const worker = await world.start('--writes', 'worktrees', '--interval', '100');
    const { result } = await world.until(id, 'completed');
    const { path: folder, branch } = (result as { worktree: { path: string; branch: string } }).worktree;
    expect(readFileSync(path.join(folder, 'edited'), 'utf8')).toBe('by a program\n');
    expect(git.git('branch', '--list', branch)).toContain(branch);
    await eventually('what it says of the other', () => worker.err().includes('this worker writes in worktrees only'));
    expect(await world.relay.jobs.look(anywhere.id)).toMatchObject({ state: 'queued', attempts: 0 });
    const { code, out } = world.command('worktrees', '--json');
    expect([code, JSON.parse(out)]).toMatchObject([
      0,
      { count: 1, worktrees: [{ job: id, path: folder, files_changed: 1 }] },
    ]);
  });

  it('that is killed while its program writes leaves that where worktrees finds it, and the job to a person', async () => {
    begin('edit-and-hang');
    const { id } = await world.submit(IN_WORKTREE);
    const worker = await world.start('--writes', 'worktrees', '--lease', '3');
    await world.begun();
    const [note] = await world.relay.jobs.worktrees.list(id);
    const file = path.join(note?.path ?? '', 'edited');
    await eventually('its edit', () => readSafely(file) !== '');
    worker.child.kill('SIGKILL');
    await world.gone(2000);
    await world.until(id, 'needs_recovery');
    expect(readSafely(file)).toBe('by a program\n');
    const listed = world.command('worktrees', '--json');
    expect(JSON.parse(listed.out)).toMatchObject({
      worktrees: [
        { job: id, job_state: 'needs_recovery', changed: true, files_changed: 1, in_use: false, prunable: false },
      ],
    });
    expect(JSON.parse(world.command('worktrees', 'prune', '--json').out)).toMatchObject({ removed: [], kept: 1 });
    expect(readSafely(file)).toBe('by a program\n');
  });
});

function readSafely(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
