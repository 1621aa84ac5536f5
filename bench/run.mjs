/**
 * Speed and memory, as ratios to floors that are measured in the same run, in turns: machines differ and are shared, so
 * absolute times tell little. Needs dist/, which `npm run bench` builds.
 *
 *   npm run bench                        a table
 *   npm run bench -- --json              one JSON document on stdout
 *   npm run bench -- --only peek         one figure (may be given more than once)
 *   npm run bench -- --check             exit code 1 when a figure is beyond its bound
 *   npm run bench -- --draw              writes docs/growth.svg from the figure growth
 *
 * BENCH_NODES names other Node binaries to measure the start on, separated like PATH.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { killAll } from './client.mjs';
import { ack } from './figures/ack.mjs';
import { bytes } from './figures/bytes.mjs';
import { broadcast, who } from './figures/crowd.mjs';
import { dispatchDurable, dispatchProcess } from './figures/dispatch.mjs';
import { doorbell } from './figures/doorbell.mjs';
import { fanIn } from './figures/fan-in.mjs';
import { firstPage } from './figures/first-page.mjs';
import { growth } from './figures/growth.mjs';
import { hook } from './figures/hook.mjs';
import { claim, worker } from './figures/jobs.mjs';
import { limits } from './figures/limits.mjs';
import { memory, memoryPending } from './figures/memory.mjs';
import { peek } from './figures/peek.mjs';
import { receipts } from './figures/receipts.mjs';
import { start } from './figures/start.mjs';
import { trace } from './figures/trace.mjs';
import { idle, waiting } from './figures/waiting.mjs';
import { drawGrowth } from './growth-drawing.mjs';
import { spreadFolders } from './new-files.mjs';
import { loadRelayMaker } from './relay-maker.mjs';
import { describeMachine, judge, machineLines, tableLines } from './report.mjs';
import { Servers } from './servers.mjs';

const FIGURES = [
  start,
  hook,
  memory,
  dispatchDurable,
  dispatchProcess,
  peek,
  ack,
  who,
  firstPage,
  broadcast,
  receipts,
  trace,
  memoryPending,
  limits,
  fanIn,
  waiting,
  doorbell,
  idle,
  worker,
  claim,
  bytes,
  growth,
];

const DRAWING = fileURLToPath(new URL('../docs/growth.svg', import.meta.url));

// None takes a tenth of it; a server that hangs must not hang the bench.
const FIGURE_MS = 5 * 60_000;

const options = parseOptions();
if (options !== undefined) await bench(options);

function parseOptions() {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'boolean' },
        check: { type: 'boolean' },
        draw: { type: 'boolean' },
        only: { type: 'string', multiple: true },
      },
    });
    for (const name of values.only ?? []) {
      if (!FIGURES.some((figure) => figure.name === name)) throw new Error(`there is no figure "${name}"`);
    }
    if (values.draw && values.only?.includes(growth.name) === false) throw new Error('--draw needs the figure growth');
    return values;
  } catch (error) {
    const names = FIGURES.map(({ name }) => name).join(', ');
    process.stderr.write(`bench: ${error.message}\nOptions: --json, --check, --draw, --only <figure>, of: ${names}\n`);
    process.exitCode = 2;
  }
}

async function bench({ json, check, draw, only }) {
  // The servers' umask, so that what is generated is as theirs.
  process.umask(0o077);
  const temp = mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-bench-'));
  const cleanUp = () => {
    killAll();
    rmSync(temp, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      cleanUp();
      process.exit(1);
    });
  }
  try {
    const startedAt = performance.now();
    spreadFolders(temp);
    const context = await prepare(temp);
    const machine = describeMachine(context.freshFolder());
    const figures = [];
    for (const figure of FIGURES.filter(({ name }) => only === undefined || only.includes(name))) {
      process.stderr.write(`bench: ${figure.name} ...\n`);
      figures.push(...(await runFigure(figure, context)));
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const text = json
      ? JSON.stringify({ machine, seconds, figures }, undefined, 2)
      : [...tableLines(figures), '', ...machineLines(machine, seconds)].join('\n');
    process.stdout.write(`${text}\n`);
    if (draw) writeFileSync(DRAWING, drawGrowth(figures, machine));
    if (check && figures.some(({ ok }) => ok === false)) process.exitCode = 1;
  } catch (error) {
    process.stderr.write(`bench: ${error.stack}\n`);
    process.exitCode = 1;
  } finally {
    cleanUp();
  }
}

async function prepare(temp) {
  const servers = await Servers.build(temp);
  const makeRelay = await loadRelayMaker(temp);
  const freshFolder = () => mkdtempSync(path.join(temp, 'folder-'));
  return { temp, servers, makeRelay, freshFolder };
}

async function runFigure(figure, context) {
  const watchdog = setTimeout(killAll, FIGURE_MS);
  try {
    const rows = await figure.run(context);
    return rows.map((row) => judge(figure.name, row));
  } finally {
    clearTimeout(watchdog);
  }
}
