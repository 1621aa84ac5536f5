/** `withdraw`: takes back a message that was not read yet. */
import { messageId } from '../model/draft.js';
import { DispatchError } from '../model/errors.js';
import type { Withdrawal } from '../relay/withdrawals.js';
import { type Define, JSON_OPTION, report } from './command.js';
import { EXIT } from './exit-code.js';
import { openAs } from './speaker.js';

const ALREADY: Readonly<Partial<Record<Withdrawal['outcome'], string>>> = {
  kept: 'the new message did not get there, so the old one stays',
  pending: 'is just being shown; it goes if that reply is not written',
  read: 'has read it, and is told that it was withdrawn',
  acked: 'has finished it, and is told that it was withdrawn',
  expired: 'it expired before',
  superseded: 'it was withdrawn before',
  refused: 'it was given up before',
  quarantined: 'it was set aside before',
  unknown: 'there is no evidence of it',
};

export const defineWithdraw: Define = (program, choose) => {
  program
    .command('withdraw')
    .summary('take back a message that was not read yet')
    .description(
      'Takes back a message where nobody was shown it. Whoever has read it is told that it was withdrawn. To replace it: send --supersedes.',
    )
    .argument('<id>', 'the message, as the answer to sending it said')
    .option('--from <agent>', 'a message of an agent that has no live session')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Example:
  $ mcp-dispatch withdraw msg-k3j9x0q2m4ab

Exit code 3 when there is no such message, or no copy of it was left to take back.`,
    )
    .action((text: string, { from, json = false }: { from?: string; json?: boolean }) => {
      const judged = messageId().safeParse(text);
      if (!judged.success) {
        const problem = judged.error.issues[0]?.message ?? 'is not valid';
        throw new DispatchError('INVALID_ARGUMENT', `withdraw: the id ${problem}. Nothing was done.`, {
          argument: 'id',
        });
      }
      const id = judged.data;
      choose(
        async (context) => {
          const { app, speaker } = await openAs(context, 'withdraw', from);
          const { withdrawals } = app.relay;
          const copies = await withdrawals.withdraw(speaker, await withdrawals.find(speaker, id), id);
          await report(context, { id, from: speaker, copies }, () => withdrawalLines(copies, id));
          return copies.some(({ outcome }) => outcome === 'withdrawn') ? EXIT.done : EXIT.nothing;
        },
        { json },
      );
    });
};

/** What became of each copy, one line a recipient. */
export function withdrawalLines(copies: readonly Withdrawal[], id: string): string[] {
  return copies.map(({ to, outcome }) =>
    outcome === 'withdrawn'
      ? `Withdrew ${id} from ${to}.`
      : `Not withdrawn from ${to}: ${ALREADY[outcome] ?? outcome}.`,
  );
}
