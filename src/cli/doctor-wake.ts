/** `doctor --wake`: for each client on the machine what works here, as far as that can be shown without a model. */
import type { Check } from '../clients/checks.js';
import type { Client } from '../clients/client.js';
import type { Machine } from '../clients/machine.js';
import { DispatchError } from '../model/errors.js';
import { forTerminal } from '../model/text.js';
import { wakeText } from '../relay/listening.js';
import type { Relay } from '../relay/relay.js';
import { chooseClients, machineOf } from './client-report.js';
import { type Context, report } from './command.js';
import { EXIT } from './exit-code.js';
import { count, paragraph } from './layout.js';

interface Report {
  readonly client: Client;
  readonly checks: readonly Check[];
}

export async function doctorWake(context: Context, ids: readonly string[] | undefined): Promise<number> {
  const { checkClient } = await import('../clients/checks.js');
  const machine = machineOf(context.env);
  const { found } = await chooseClients(ids, machine);
  const windows = await openWindows(context);
  const reports: Report[] = [];
  for (const client of found) {
    reports.push({ client, checks: [...(await checkClient(client, machine)), wakeCheck(client, windows)] });
  }
  const value = reports.map(({ client, checks }) => ({
    client: client.id,
    name: client.name,
    checks,
    cannot_be_known: client.unknowable,
  }));
  const failed = reports.flatMap(({ checks }) => checks).filter(({ state }) => state === 'fails').length;
  await report(context, { clients: value, failed }, () =>
    reports.length === 0
      ? ['No client was found on this machine.']
      : [
          ...reports.flatMap((one) => lines(one, context, machine)),
          failed === 0
            ? context.terminal.style.green('All that is set up works.')
            : context.terminal.style.red(`${count(failed, 'thing does', 'things do')} not work.`),
        ],
  );
  if (reports.length === 0) return EXIT.nothing;
  return failed === 0 ? EXIT.done : EXIT.failed;
}

interface Window {
  readonly agent: string;
  readonly clientName: string;
  /** Undefined where its server does not say. */
  readonly wake: string | undefined;
}

/** The live windows of all agents; or why they cannot be seen. */
async function openWindows({ open }: Context): Promise<readonly Window[] | string> {
  let relay: Relay;
  try {
    ({ relay } = await open());
    return (await relay.rollCall.take()).flatMap(({ agent, sessions }) =>
      sessions.map(({ client, wake }) => ({ agent, clientName: client?.name ?? '', wake: wakeText(wake) })),
    );
  } catch (error) {
    if (!(error instanceof DispatchError)) throw error;
    return error.message;
  }
}

function wakeCheck({ clientName, idle }: Client, windows: readonly Window[] | string): Check {
  const what = 'wake';
  if (typeof windows === 'string') return { what, state: 'fails', said: `The relay cannot be looked at: ${windows}` };
  const ours = windows.filter((window) => clientName.test(window.clientName));
  if (ours.length === 0) {
    const unseen =
      'None of its windows is open with this server, so what wakes one is not to be seen. Open one and look again.';
    return { what, state: 'absent', said: idle ?? unseen };
  }
  const each = ours.map(({ agent, wake }) => `${agent} by ${wake ?? 'what it does not say'}`);
  const state = ours.some(({ wake }) => wake !== undefined && wake !== 'none') ? 'works' : 'absent';
  return { what, state, said: `${count(ours.length, 'open window')}: ${each.join('; ')}.` };
}

const WORDS = { works: 'works', fails: 'fails', absent: '-' } as const;
const INDENT = ' '.repeat(18);

function lines({ client, checks }: Report, { terminal: { style, columns } }: Context, { home }: Machine): string[] {
  const paint = { works: style.green, fails: style.red, absent: style.dim };
  const text = (said: string) => paragraph([forTerminal(said.replaceAll(`${home}/`, '~/'), 1000)], INDENT, columns);
  const row = (head: string, said: string, paintHead: (text: string) => string) => {
    const [first = '', ...rest] = text(said);
    return [`  ${paintHead(head.padEnd(INDENT.length - 2))}${first.slice(INDENT.length)}`, ...rest];
  };
  return [
    style.bold(client.name),
    ...checks.flatMap(({ what, state, said }) => row(`${what.padEnd(9)}${WORDS[state]}`, said, paint[state])),
    ...client.unknowable.flatMap((said) => row('not known', said, style.dim)),
    '',
  ];
}
