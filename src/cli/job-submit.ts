/** `job submit`: work from the person at the terminal, or from a script in the name of an agent that is not running. */
import * as z from 'zod/v4';
import { listNames } from '../model/agent-id.js';
import { jsonObject, threadId, ttlSeconds } from '../model/draft.js';
import { DispatchError } from '../model/errors.js';
import { type Job, MOST_ATTEMPTS, type Task } from '../model/job.js';
import { maxAttempts, requestId, reviewReason, task } from '../model/job-draft.js';
import type { JsonObject } from '../model/message.js';
import { forTerminal } from '../model/text.js';
import type { Submitted } from '../relay/jobs/submission.js';
import type { Relay } from '../relay/relay.js';
import { type Context, type Define, JSON_OPTION, remark, report } from './command.js';
import { EXIT } from './exit-code.js';
import { textFromInput } from './input.js';
import { outcomeLines, outcomeOf } from './job-outcome.js';
import { recoveryOf, reviewOf } from './job-text.js';
import { waitForEnd } from './job-wait.js';
import { count } from './layout.js';
import { numeric, parseOptions } from './options.js';
import { openAs } from './speaker.js';

const MOST_WAIT_SECONDS = 7 * 24 * 60 * 60;
const WAIT = `must be a whole number of seconds, 1 to ${MOST_WAIT_SECONDS}`;

const Options = () =>
  z.object({
    write: z.boolean().optional(),
    worktree: z.boolean().optional(),
    ttl: numeric(ttlSeconds()).optional(),
    attempts: numeric(maxAttempts()).optional(),
    requestId: requestId().optional(),
    review: reviewReason().optional(),
    thread: threadId().optional(),
    task: jsonObject('must be a JSON object, such as {"model": "small"}').optional(),
    wait: numeric(z.int(WAIT).min(1, WAIT).max(MOST_WAIT_SECONDS, WAIT).optional()),
    from: z.string().optional(),
  });
type Options = z.output<ReturnType<typeof Options>>;

export const defineJobSubmit: Define = (job, choose) => {
  const command = job
    .command('submit')
    .summary('hand over work to an agent, a topic or a lane')
    .description(
      'Submits a job, which waits until somebody claims it. It comes from "human", the person at this terminal, who is told by mail what became of it; scripts say --from.',
    )
    .argument('<to>', 'an agent, a topic in quotes ("#build"), or a lane ("acme/api")')
    .argument('[prompt...]', 'what is to be done; "-" reads it from stdin')
    .option('--write', 'it may change things: then it is never done twice without a person who says so')
    .option('--worktree', 'with --write: in a git worktree of its own, on a new branch; nothing is merged')
    .option('--ttl <seconds>', 'expires where nobody claims it for so long; 0 is never')
    .option('--attempts <number>', `how often it is tried at most, 1 to ${MOST_ATTEMPTS} (default: 3)`)
    .option('--request-id <id>', 'a name for this job: submitting it again makes no second one')
    .option('--review <reason>', 'nobody can claim it before you have approved: review approve')
    .option('--thread <id>', 'the conversation that it belongs to')
    .option('--task <json>', 'more fields of the task beside the prompt: a JSON object')
    .option('--wait <seconds>', 'wait so long for its end, and print the outcome')
    .option('--from <agent>', 'submit in the name of an agent that has no live session')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Examples:
  $ mcp-dispatch job submit codex "Find out why the build is red." --wait 600
  $ mcp-dispatch job submit '#build' "Update the lock file." --write --thread deps
  $ git diff | mcp-dispatch job submit reviewer - --from ci --request-id "$COMMIT"
  $ mcp-dispatch job submit codex -- "--watch does nothing. Why?"

Behind "--" a prompt may begin with "-"; options stand before it.

With --wait: exit code 1 when the job ends otherwise than completed or waits for you, 5 when the time is over.`,
    )
    .action((to: string, words: string[], options: { json?: boolean }) => {
      const parsed = parseOptions(command, Options, options);
      if (words.length > 0 === (parsed.task?.prompt !== undefined)) {
        const why =
          words.length > 0
            ? 'job submit: the prompt is there twice, as an argument and in --task. Leave one out. Nothing was made.'
            : 'job submit: there is no prompt. Say what is to be done, as an argument or with "-" from stdin. Nothing was made.';
        throw new DispatchError('INVALID_ARGUMENT', why, { argument: 'prompt' });
      }
      choose((context) => submit(context, to, words, parsed), options);
    });
};

async function submit(context: Context, to: string, words: readonly string[], options: Options): Promise<number> {
  const { app, speaker: from } = await openAs(context, 'job submit', options.from);
  const { relay, config } = app;
  const isFromInput = words.length === 1 && words[0] === '-';
  const text = isFromInput ? await textFromInput(context.terminal, config.maxMessageBytes, 'made') : words.join(' ');
  const submitted = await relay.jobs.submit(from, {
    to,
    task: judgeTask(words.length > 0 ? { ...options.task, prompt: text } : options.task),
    requestId: options.requestId,
    threadId: options.thread,
    write: options.write,
    worktree: options.worktree,
    ttl: options.ttl,
    maxAttempts: options.attempts,
    review: options.review,
  });
  if (options.wait === undefined) {
    await report(context, answerOf(submitted), () => submittedLines(relay, submitted));
    return EXIT.done;
  }
  // The id first: who stops waiting can still ask.
  remark(context, submittedLines(relay, submitted).join('\n'));
  const job = await waitForEnd(relay, submitted.job, options.wait * 1000);
  const outcome = await outcomeOf(relay, job);
  const timedOut = job.state === 'queued' || job.state === 'running';
  const { result, error } = outcome;
  const answer = {
    ...answerOf({ ...submitted, job }),
    attempts: job.attempts,
    timed_out: timedOut,
    result,
    error,
    outcome_is_whole: outcome.is_whole,
  };
  await report(context, answer, () => [
    ...(timedOut ? [] : [`${job.id} is ${job.state}.`]),
    ...outcomeLines(job, outcome, context.terminal),
  ]);
  if (timedOut) remark(context, `${job.id} is still ${job.state} after ${options.wait} s, and goes on.`);
  if (job.state === 'needs_recovery') remark(context, `It is parked until you decide: ${recoveryOf(job.id)}.`);
  if (job.state === 'needs_review') remark(context, `It waits for your review: ${reviewOf(job.id)}.`);
  if (timedOut) return EXIT.timedOut;
  return job.state === 'completed' ? EXIT.done : EXIT.failed;
}

function judgeTask(value: JsonObject | undefined): Task {
  const judged = task().safeParse(value);
  if (judged.success) return judged.data;
  const problem = judged.error.issues[0]?.message ?? 'is not valid';
  throw new DispatchError('INVALID_ARGUMENT', `job submit: the task ${problem}. Nothing was made.`, {
    argument: 'task',
  });
}

function answerOf({ job, deduped, workers, neverSeen, ...audience }: Submitted): object {
  return {
    job_id: job.id,
    state: job.state,
    deduped,
    from: job.from,
    to: job.to,
    write: job.write,
    worktree: job.worktree,
    thread_id: job.thread_id,
    workers: workers ?? null,
    not_listening: audience.notListening,
    listening_unknown: audience.listeningUnknown,
    never_seen: neverSeen,
  };
}

function submittedLines(relay: Relay, submitted: Submitted): string[] {
  const { job, deduped, workers, neverSeen, notListening, listeningUnknown } = submitted;
  const to = forTerminal(job.to, 70);
  if (deduped) return [`Submitted before, under this request id: ${job.id}, ${job.state}.`];
  return [
    `Submitted ${job.id} from ${job.from} to ${to}.`,
    ...(job.state === 'needs_review'
      ? [`It waits for your review: ${reviewOf(job.id)}.`]
      : workersText(relay, job, workers)),
    ...(notListening.length > 0 ? [`Not listening now: ${listNames(notListening)}. The job waits.`] : []),
    ...(listeningUnknown.length > 0 ? [`Not known to listen now: ${listNames(listeningUnknown)}. The job waits.`] : []),
    ...(neverSeen
      ? [
          `No session and no worker ever served "${to}" here. If the name is a mistake: \`mcp-dispatch job cancel ${job.id}\`.`,
        ]
      : []),
  ];
}

function workersText({ jobs }: Relay, job: Job, workers: number | undefined): string[] {
  if (workers === undefined) return [];
  const to = forTerminal(job.to, 70);
  if (workers > 0) return [`${count(workers, 'worker')} ${workers === 1 ? 'serves' : 'serve'} ${to}.`];
  // This command starts none itself, and does not know whether one of them runs.
  const isStarted = jobs.autospawn?.targetOf(job.to)?.takes(job) === true;
  return [`No worker serves ${to} now: the job waits for one${isStarted ? ', which any running server starts' : ''}.`];
}
