/** `job cancel`: takes back a job that waits, and asks the holder of one that runs to stop. */
import * as z from 'zod/v4';
import { HUMAN } from '../model/agent-id.js';
import { reason } from '../model/job-draft.js';
import { forTerminal } from '../model/text.js';
import { type Define, JSON_OPTION, report } from './command.js';
import { EXIT } from './exit-code.js';
import { assertOpen, parseJobId, readJob } from './job-argument.js';
import { momentOf } from './layout.js';
import { parseOptions } from './options.js';
import { openAs } from './speaker.js';

const Options = () => z.object({ reason: reason().optional(), from: z.string().optional() });

export const defineJobCancel: Define = (job, choose) => {
  const command = job
    .command('cancel')
    .summary('cancel a job that nobody needs any more')
    .description(
      'Cancels a job that waits. Whoever holds one that runs is asked to stop, and hears of it when it next renews its lease; what was finished before that stays finished.',
    )
    .argument('<job>', 'its id, as jobs shows it')
    .option('--reason <text>', 'for its holder and its submitter')
    .option('--from <submitter>', 'a job of this agent, which has no live session; you yourself can cancel any')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Example:
  $ mcp-dispatch job cancel job-k3j9x0q2m4ab --reason "Fixed by hand."

Exit code 3 when there is no such job, 4 when it has ended or is parked: of a parked job recover decides.`,
    )
    .action((text: string, options: { json?: boolean }) => {
      const id = parseJobId('job cancel', text);
      const parsed = parseOptions(command, Options, options);
      choose(async (context) => {
        const { app, speaker } = await openAs(context, 'job cancel', parsed.from);
        const before = await readJob(app.relay, id);
        // To another submitter there is no such job, over or not.
        if (speaker === HUMAN || speaker === before.from) assertOpen(before);
        const { state, lease } = await app.relay.jobs.cancel(id, speaker, parsed.reason ?? null);
        await report(context, { job_id: id, state, asked: state === 'running' }, () => {
          if (state !== 'running' || lease === null) return [`Cancelled ${id}.`];
          const until = momentOf(new Date(lease.until).toISOString());
          return [
            `${forTerminal(lease.agent, 70)} works on ${id} and is asked to stop: it hears of it when it next renews its lease, which ends ${until}.`,
          ];
        });
        return EXIT.done;
      }, options);
    });
};
