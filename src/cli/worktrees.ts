/** `worktrees`: where jobs have written, what is to be looked at there, and what nobody needs any more. */
import { DispatchError } from '../model/errors.js';
import { forTerminal } from '../model/text.js';
import type { ListedWorktree, Sources } from '../worker/worktree-listing.js';
import type { App } from './app.js';
import { type Context, type Define, JSON_OPTION, remark, report } from './command.js';
import { EXIT } from './exit-code.js';
import { assertHuman } from './human.js';
import { parseJobId } from './job-argument.js';
import { agoOf, count } from './layout.js';

const BY_HAND =
  '    Remove that folder yourself, see with `git worktree list` that no other is on its branch, and run this again.';

type Listing = typeof import('../worker/worktree-listing.js');

export const defineWorktrees: Define = (program, choose) => {
  const worktrees = program
    .command('worktrees')
    .summary('list the git worktrees of jobs: worktrees, worktrees prune, worktrees remove')
    .description(
      'Lists the git worktrees that workers have made for jobs, each with its branch and what it changed. Nothing merges by itself: look at a branch, merge it where you want it, and remove the rest.',
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Examples:
  $ mcp-dispatch worktrees
  $ mcp-dispatch worktrees prune --dry-run
  $ mcp-dispatch worktrees remove job-k3j9x0q2m4ab --discard

Exit code 3 when there are none.`,
    )
    .action((options: { json?: boolean }) => choose(list, options));
  worktrees
    .command('prune')
    .summary('remove those without changes whose job is over')
    .description(
      'Removes, with their branches, the worktrees that hold no change and whose job has ended or is gone. Never one with changes, and none that somebody works in.',
    )
    .option('--dry-run', 'only say what would be removed')
    .option(...JSON_OPTION)
    .action((_: unknown, command: { optsWithGlobals(): { dryRun?: boolean; json?: boolean } }) => {
      const options = command.optsWithGlobals();
      choose((context) => prune(context, options.dryRun ?? false), options);
    });
  worktrees
    .command('remove')
    .summary('remove those of a job')
    .description(
      'Removes the worktrees of a job with their branches, where they hold no change; with --discard whatever they hold, which nobody can bring back.',
    )
    .argument('<job>', 'its id, as worktrees shows it')
    .option('--discard', 'with all changes and commits; for a person at a terminal only')
    .option(...JSON_OPTION)
    .action((text: string, _: unknown, command: { optsWithGlobals(): { discard?: boolean; json?: boolean } }) => {
      const job = parseJobId('worktrees remove', text);
      const options = command.optsWithGlobals();
      choose((context) => remove(context, job, options.discard ?? false), options);
    });
};

async function list(context: Context): Promise<number> {
  const { sources, listing, app } = await open(context);
  const found = await listing.listWorktrees(sources);
  const answer = { worktrees: found.map(jsonOf), count: found.length };
  const now = app.relay.clock.now();
  await report(context, answer, () => found.flatMap((one) => linesOf(one, now)));
  if (found.length > 0) return EXIT.done;
  remark(context, 'There are no worktrees of jobs.');
  return EXIT.nothing;
}

async function prune(context: Context, isDry: boolean): Promise<number> {
  const { sources, listing } = await open(context);
  const found = await listing.listWorktrees(sources);
  const removed: ListedWorktree[] = [];
  for (const one of found) {
    if (one.removable !== undefined && (isDry || (await listing.pruneWorktree(sources, one)))) removed.push(one);
  }
  const kept = found.length - removed.length;
  const answer = { dry_run: isDry, removed: removed.map(jsonOf), kept };
  await report(context, answer, () => [
    ...removed.map(({ branch, path }) => `${isDry ? 'Would remove' : 'Removed'} ${branch}  ${forTerminal(path, 500)}`),
    ...(removed.length === 0 ? ['There is nothing to prune.'] : []),
    ...(kept === 0
      ? []
      : [
          `${count(kept, 'worktree')} ${kept === 1 ? 'stays' : 'stay'}: \`mcp-dispatch worktrees\` shows ${kept === 1 ? 'it' : 'them'}.`,
        ]),
  ]);
  return EXIT.done;
}

async function remove(context: Context, job: string, isDiscarded: boolean): Promise<number> {
  if (isDiscarded) {
    const instead = 'What becomes of changes a person decides. Nothing was removed.';
    assertHuman(context.env, context.terminal.stdinIsTTY, instead);
  }
  const { sources, listing } = await open(context);
  const found = await listing.listWorktrees(sources, job);
  if (found.length === 0) throw new DispatchError('NOT_FOUND', `There is no worktree of ${job}.`, { id: job });
  // All or none: who is told of a refusal has lost nothing.
  for (const one of found) assertRemovable(one, isDiscarded);
  const removed: ListedWorktree[] = [];
  for (const one of found) {
    const isGone = isDiscarded
      ? await listing.discardWorktree(sources, one)
      : await listing.pruneWorktree(sources, one);
    if (isGone) removed.push(one);
  }
  await report(context, { removed: removed.map(jsonOf), kept: found.length - removed.length }, () =>
    found.flatMap((one) => {
      const what = `${one.branch}  ${forTerminal(one.path, 500)}`;
      return removed.includes(one) ? [`Removed ${what}`] : [`Could not remove all of ${what}`, BY_HAND];
    }),
  );
  return removed.length === found.length ? EXIT.done : EXIT.failed;
}

function assertRemovable({ job, inUse, removable }: ListedWorktree, isDiscarded: boolean): void {
  if (inUse) {
    const why = `Somebody works on ${job} in its worktree: \`mcp-dispatch job cancel ${job}\` first. Nothing was removed.`;
    throw new DispatchError('NOT_ALLOWED', why, { job });
  }
  if (isDiscarded || removable !== undefined) return;
  const why = `A worktree of ${job} holds changes, or its job is not over: \`mcp-dispatch worktrees\` shows them, and --discard gives them up. Nothing was removed.`;
  throw new DispatchError('NOT_ALLOWED', why, { job });
}

async function open(context: Context): Promise<{ app: App; sources: Sources; listing: Listing }> {
  const app = await context.open();
  const { config, relay, umask } = app;
  const listing = await import('../worker/worktree-listing.js');
  const { workshop } = await import('../worker/compose.js');
  const shop = workshop(relay.jobs.worktrees, { env: context.env, umask: umask ?? process.umask() });
  const executors = [
    ...(config.executors?.values() ?? []),
    ...(config.lanes === undefined ? [] : [config.lanes.executor]),
  ];
  const folders = executors.flatMap(({ cwd }) => cwd ?? []);
  return { app, listing, sources: { shop, relay, folders } };
}

function jsonOf({ state, jobState, inUse, isNoted, removable, ...note }: ListedWorktree): object {
  const { job, path, branch, base, repo, at } = note;
  const { unchanged, there, measured, ...counts } = state;
  return {
    job,
    job_state: jobState ?? null,
    path,
    branch,
    base: isNoted ? base : null,
    repository: repo,
    made_at: at === '' ? null : at,
    in_use: inUse,
    changed: !unchanged,
    folder_is_there: there,
    measured,
    ...counts,
    prunable: removable !== undefined,
  };
}

function linesOf(one: ListedWorktree, now: number): string[] {
  const { job, jobState, at, path, branch, state } = one;
  const age = at === '' ? 'found without a note' : `made ${agoOf(Date.parse(at), now)}`;
  return [
    `${job}  ${jobState ?? 'job is gone'}  ${age}${one.inUse ? '  in use' : ''}`,
    `    ${changesOf(one)}`,
    `    branch ${branch}`,
    `    ${state.there ? forTerminal(path, 500) : `${forTerminal(path, 500)} (its folder is gone)`}`,
  ];
}

function changesOf({ state, begun, removable }: ListedWorktree): string {
  if (!begun) return removable === undefined ? 'is being made' : 'was never begun: prune removes it';
  if (state.unchanged) return `no changes${removable === undefined ? '' : ': prune removes it'}`;
  if (!state.measured) return 'may hold changes: it could not be looked at';
  const { files_changed: files, insertions, deletions, commits } = state;
  return `${count(files, 'file')} changed, +${insertions} -${deletions}, ${count(commits, 'commit')}`;
}
