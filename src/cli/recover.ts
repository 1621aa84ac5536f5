/** `recover`: what a person decides of a job that was parked, since what it may have written must not be done twice. */
import { HUMAN } from '../model/agent-id.js';
import { DispatchError } from '../model/errors.js';
import type { Job } from '../model/job.js';
import { forTerminal } from '../model/text.js';
import { type Define, JSON_OPTION, report } from './command.js';
import { EXIT } from './exit-code.js';
import { assertHuman } from './human.js';
import { assertOpen, parseJobId, readJob } from './job-argument.js';
import { lastHolderOf, routeOf } from './job-text.js';
import { worktreeLines, worktreesJson, worktreesOf } from './job-worktrees.js';
import { agoOf } from './layout.js';

interface Options {
  readonly retry?: boolean;
  readonly fail?: boolean;
  readonly json?: boolean;
}

export const defineRecover: Define = (program, choose) => {
  program
    .command('recover')
    .summary('decide about a job that is parked: --retry or --fail')
    .description(
      'Decides about a job that may write and whose holder was lost: it may have done all of it, a part or nothing. Look first at what it changed. Only a person decides, at a terminal.',
    )
    .argument('<job>', 'its id, as jobs shows it')
    .option('--retry', 'queue it again: from the beginning, by whoever claims it next')
    .option('--fail', 'give it up: it ends as failed, and its submitter is told')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Examples:
  $ mcp-dispatch jobs --state needs_recovery
  $ mcp-dispatch recover job-k3j9x0q2m4ab --retry

Exit code 3 when there is no such job, 4 when it is not parked.`,
    )
    .action((text: string, { retry = false, fail = false, json = false }: Options) => {
      const id = parseJobId('recover', text);
      if (retry === fail) {
        const why = 'recover: say either --retry (it is done again) or --fail (it is given up). Nothing was done.';
        throw new DispatchError('INVALID_ARGUMENT', why, { argument: 'retry' });
      }
      const how = retry ? 'retry' : 'fail';
      choose(
        async (context) => {
          const instead =
            'What becomes of parked work a person decides; ask the one at this machine. Nothing was done.';
          assertHuman(context.env, context.terminal.stdinIsTTY, instead);
          const { relay } = await context.open();
          const before = await readJob(relay, id);
          assertOpen(before);
          const after = await relay.jobs.recover(id, how, HUMAN);
          const worktrees = await worktreesOf(relay, before);
          const parking = parkingOf(before);
          const was = { held_by: parking?.by ?? null, parked_at: parking?.at ?? null, why: parking?.why ?? null };
          await report(context, { job_id: id, state: after.state, was, ...worktreesJson(worktrees) }, () => [
            `${context.terminal.style.bold(id)}  ${routeOf(before)}`,
            ...(parking === undefined
              ? []
              : [
                  `Held last by ${parking.by}, parked ${agoOf(Date.parse(parking.at), relay.clock.now())}: ${parking.why}.`,
                ]),
            ...worktreeLines(worktrees),
            how === 'retry'
              ? `It is ${after.state} again: whoever claims it next begins anew.`
              : `It is ${after.state} now, and ${forTerminal(before.from, 70)} is told.`,
          ]);
          return EXIT.done;
        },
        { json },
      );
    });
};

/** Who held it when it was parked, when that was, and why. */
function parkingOf(job: Job): { by: string; at: string; why: string } | undefined {
  const parked = job.history.findLast(({ state }) => state === 'needs_recovery');
  if (parked === undefined) return undefined;
  const by = lastHolderOf(job)?.by ?? 'nobody';
  return { by, at: parked.at, why: forTerminal(parked.why ?? 'its holder was lost', 500) };
}
