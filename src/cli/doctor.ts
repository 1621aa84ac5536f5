/** `doctor`: what is wrong with the configuration and the relay, and with --fix the repair of what can be repaired. */
import { checkConfig } from '../config/load.js';
import { renderProblem } from '../config/problem.js';
import type { Config } from '../config/schema.js';
import { DispatchError, isDispatchError } from '../model/errors.js';
import { type CodedFinding, type Inspection, type Repaired, repairAll, type Severity } from '../model/finding.js';
import { forTerminal, linesForTerminal } from '../model/text.js';
import { RelayInspection } from '../relay/doctor/doctor.js';
import type { Lanes } from '../relay/lanes/lanes.js';
import { clientOption } from './client-report.js';
import { type Context, type Define, JSON_OPTION, report } from './command.js';
import { identityProblems } from './config-check.js';
import { doctorWake } from './doctor-wake.js';
import { EXIT } from './exit-code.js';
import { count, paragraph } from './layout.js';
import { exposedWords, startedAtHome } from './runners.js';

// Of a relay that no server may use, all that is in it would be one more finding.
const UNUSABLE = new Set(['relay-mode', 'relay-unsafe', 'relay-unusable']);

interface Report {
  /** Undefined where the configuration does not say. */
  readonly relay: string | undefined;
  readonly config: string | undefined;
  readonly findings: readonly Repaired[];
}

interface Options {
  readonly fix?: boolean;
  readonly wake?: boolean;
  readonly client?: readonly string[];
  readonly json?: boolean;
}

export const defineDoctor: Define = (program, choose) => {
  program
    .command('doctor')
    .summary('find what is wrong with the configuration or the relay')
    .description(
      'Looks at the configuration, the relay directory and all that is in it, and says what is wrong, why it matters and what to do. Writes nothing without --fix, and can run beside servers.',
    )
    .option(
      '--fix',
      'repair what can be repaired, and set aside what is broken; deletes no mail, and leaves live sessions alone',
    )
    .option('--wake', 'look at the clients instead: does the server of each start, do its hooks answer, what wakes it')
    .addOption(clientOption().hideHelp())
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing is wrong (there may be notes), 1 errors or warnings are left, 2 the configuration is wrong,\n3 with --wake: no client was found.',
    )
    .action(({ fix = false, wake = false, client, json = false }: Options) => {
      if (fix && wake) throw new DispatchError('INVALID_ARGUMENT', 'doctor: --wake repairs nothing: leave --fix out.');
      if (client !== undefined && !wake) {
        throw new DispatchError('INVALID_ARGUMENT', 'doctor: --client goes with --wake only.');
      }
      choose((context) => (wake ? doctorWake(context, client) : doctor(context, fix)), { json });
    });
};

async function doctor(context: Context, fix: boolean): Promise<number> {
  const { config: read, file, problems } = await checkConfig(context.env);
  if (read === undefined) {
    const findings = problems.map((problem) => configFinding('config-invalid', renderProblem(problem), problem.path));
    await print(context, { relay: undefined, config: file, findings }, fix);
    return EXIT.usage;
  }
  const { config, relay, lanes, inspection } = await context.open();
  const { location } = relay.store;
  const inConfig = [...configFindings(config), ...(lanes === undefined ? [] : await laneFindings(lanes, config))];
  const findings: Repaired[] = [...inConfig];
  const inRelay = new RelayInspection({
    relay,
    receiptRetentionMs: config.receiptRetentionSeconds * 1000,
    logRetentionMs: config.logRetentionSeconds * 1000,
  });
  for (const part of [inspection, inRelay]) {
    if (part === undefined) continue;
    const found = await examine(part, fix);
    findings.push(...found);
    if (found.some((finding) => isLeft(finding) && finding.severity === 'error' && UNUSABLE.has(finding.code))) break;
  }
  await print(context, { relay: location, config: file, findings }, fix);
  // Also a mistake in the environment, which is no reason not to look at the relay.
  if (inConfig.some(({ severity }) => severity === 'error')) return EXIT.usage;
  return findings.some((finding) => isLeft(finding) && finding.severity !== 'note') ? EXIT.failed : EXIT.done;
}

async function examine(part: Inspection, fix: boolean): Promise<readonly Repaired[]> {
  const found = await part.find();
  return fix ? repairAll(found) : found;
}

/** What the schema allows and cannot work. */
function configFindings(config: Config): CodedFinding[] {
  const found = identityProblems(config).map((problem) =>
    configFinding('agent-id-invalid', `${renderProblem(problem)} Every call of a tool fails like this.`),
  );
  const { inboxBytes } = config.limits;
  if (inboxBytes !== 0 && inboxBytes < config.maxMessageBytes) {
    const message = `limits.inbox_bytes (${inboxBytes}) is below max_message_bytes (${config.maxMessageBytes}), so a message of a size that is allowed never fits into an inbox. Raise the one or lower the other.`;
    found.push({ ...configFinding('limits-contradict', message, config.file), severity: 'warning' });
  }
  if (config.operatorProblem !== undefined) {
    found.push(configFinding('executors-unsafe', config.operatorProblem, config.file));
  }
  const noted = [
    ...exposedWords(config).map((message) => configFinding('prompt-exposed', message, config.file)),
    ...startedAtHome(config).map((message) => configFinding('started-at-home', message, config.file)),
  ];
  found.push(...noted.map((finding) => ({ ...finding, severity: 'note' as const })));
  return found;
}

/** Whether the list of the lanes can be used, and what of it. */
async function laneFindings(lanes: Lanes, config: Config): Promise<CodedFinding[]> {
  const path = config.lanes?.repos;
  try {
    const leftOut = await lanes.leftOut();
    return leftOut.map((why) => ({
      ...configFinding('lane-left-out', `${why} Nothing can be addressed to it.`, path),
      severity: 'warning',
    }));
  } catch (error) {
    if (!isDispatchError(error, 'LANE_REFUSED')) throw error;
    return [configFinding('lanes-refused', error.message, path)];
  }
}

function configFinding(code: string, message: string, path = 'the environment'): CodedFinding {
  return { code, severity: 'error', path, message };
}

function isLeft({ fixed }: Repaired): boolean {
  return fixed !== true;
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];

async function print(context: Context, { relay, config, findings }: Report, fix: boolean): Promise<void> {
  const of = (severity: Severity) =>
    findings.filter((finding) => isLeft(finding) && finding.severity === severity).length;
  const counts = {
    errors: of('error'),
    warnings: of('warning'),
    notes: of('note'),
    fixed: findings.filter(({ fixed }) => fixed === true).length,
  };
  const listed = findings.map(({ code, severity, path, message, repair, fixed, failure }) => ({
    code,
    severity,
    path,
    message,
    ...(repair === undefined ? {} : { fix: repair.does }),
    ...(fixed === undefined ? {} : { fixed }),
    ...(failure === undefined ? {} : { failure }),
  }));
  await report(context, { relay: relay ?? null, config: config ?? null, findings: listed, counts }, () => {
    const { style } = context.terminal;
    const total = [
      ...(counts.fixed > 0 ? [style.green(`${counts.fixed} fixed`)] : []),
      ...(counts.errors > 0 ? [style.red(count(counts.errors, 'error'))] : []),
      ...(counts.warnings > 0 ? [style.yellow(count(counts.warnings, 'warning'))] : []),
      ...(counts.notes > 0 ? [count(counts.notes, 'note')] : []),
    ];
    const repairable = findings.filter(({ repair }) => repair !== undefined).length;
    return [
      `Relay:  ${relay === undefined ? 'not known' : forTerminal(relay, 500)}`,
      `Config: ${config === undefined ? 'none' : forTerminal(config, 500)}`,
      ...SEVERITIES.flatMap((severity) =>
        section(
          findings.filter((one) => one.severity === severity),
          context,
        ),
      ),
      '',
      total.length === 0 ? style.green('Nothing is wrong.') : `${total.join(', ')}.`,
      ...(repairable > 0 && !fix ? [`mcp-dispatch doctor --fix repairs ${repairable} of them.`] : []),
    ];
  });
}

// One screen: what is alike is said once, with the first places. --json lists all of it.
const PLACES = 5;
const INDENT = '  ';

function section(findings: readonly Repaired[], { terminal: { style, columns } }: Context): string[] {
  const paint = { error: style.red, warning: style.yellow, note: style.cyan };
  const alike = new Map<string, Repaired[]>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.code, finding.message, afterword(finding)]);
    const known = alike.get(key);
    if (known === undefined) alike.set(key, [finding]);
    else known.push(finding);
  }
  return [...alike.values()].flatMap((group) => {
    const [{ severity, code, message, fixed }] = group as [Repaired];
    const after = afterword(group[0] as Repaired);
    const paintAfter = fixed === undefined ? style.dim : fixed ? style.green : style.red;
    return [
      '',
      `${paint[severity](severity.padEnd(7))}  ${style.bold(code)}`,
      ...group.slice(0, PLACES).map(({ path }) => INDENT + (forTerminal(path, 300) || '(no place)')),
      ...(group.length > PLACES ? [`${INDENT}and ${group.length - PLACES} more, which --json lists`] : []),
      ...paragraph(linesForTerminal(message), INDENT, columns),
      ...(after === '' ? [] : paragraph(linesForTerminal(after), INDENT, columns).map(paintAfter)),
    ];
  });
}

function afterword({ repair, fixed, failure }: Repaired): string {
  if (repair === undefined) return '';
  if (fixed === true) return `Fixed: ${repair.does}.`;
  if (fixed === false) return `Not fixed: ${failure ?? 'the repair failed'}`;
  return `--fix: ${repair.does}.`;
}
