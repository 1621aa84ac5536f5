/** `remove`: undoes what `init` did. */
import type { Outcome } from '../clients/outcome.js';
import { type ClientOptions, chooseClients, clientOptions, exitOf, machineOf, outcomeLines } from './client-report.js';
import { type Context, type Define, JSON_OPTION, report } from './command.js';
import { EXIT } from './exit-code.js';

export const defineRemove: Define = (program, choose) => {
  const command = program
    .command('remove')
    .summary('take this server and its hooks out of the clients')
    .description(
      'Takes out of the clients what init put in: the entry for this server, and the hooks. All else in their files stays as it is, and files that init made go. The relay and its mail stay, and so do the executors of the configuration.',
    );
  clientOptions(command)
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExit codes: 0 done, 1 it failed for a client, 2 usage, 3 there was nothing to take out.')
    .action((options: ClientOptions) => choose((context) => takeOut(context, options), options));
};

async function takeOut(context: Context, options: ClientOptions): Promise<number> {
  const { remove } = await import('../clients/removal.js');
  const machine = machineOf(context.env);
  const { scope, dryRun = false } = options;
  const { found, missing } = await chooseClients(options.client, machine);
  const outcomes: Outcome[] = [];
  // Also those that are not here any more: their files may be.
  for (const client of [...found, ...missing]) outcomes.push(await remove(client, { scope, dryRun }, machine));
  await report(context, { scope, dry_run: dryRun, clients: outcomes }, () => {
    const shown = outcomes.filter(
      ({ status, notes, client }) =>
        status !== 'not-set-up' || notes.length > 0 || options.client?.includes(client) === true,
    );
    if (shown.length === 0) return ['No client is set up, so there is nothing to take out.'];
    return shown.flatMap((outcome) => outcomeLines(outcome, context, machine, dryRun));
  });
  return outcomes.every(({ status }) => status === 'not-set-up') ? EXIT.nothing : exitOf(outcomes);
}
