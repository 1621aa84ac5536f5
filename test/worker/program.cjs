/**
 * A program for executors, in many kinds. `node program.cjs <kind> <output file> ...` writes the ids of its processes, one a
 * line, into `pids` beside itself, so that a test can look whether they are gone. A script, no module: it starts sooner.
 */
const { appendFileSync, existsSync, readFileSync, symlinkSync, writeFileSync } = require('node:fs');
const path = require('node:path');

// Most kinds start nothing.
const spawn = (...args) => require('node:child_process').spawn(...args);
const [kind, outputFile] = process.argv.slice(2);
const note = (pid) => appendFileSync(path.join(__dirname, 'pids'), `${pid}\n`);
const forever = () => setInterval(() => {}, 1000);
const sleeper = (options) => {
  const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], {
    stdio: 'ignore',
    ...options,
  });
  note(child.pid);
  child.unref();
  return child;
};
const first = !existsSync(path.join(__dirname, 'pids'));
note(process.pid);

function nest(stdio, then) {
  const code = `
    const last = require('node:child_process').spawn('sleep', ['1000'], { detached: true, stdio: ${JSON.stringify(stdio)} });
    require('node:fs').appendFileSync(${JSON.stringify(path.join(__dirname, 'pids'))}, last.pid + '\\n');
    last.unref();
    ${then}`;
  const between = spawn(process.execPath, ['-e', code], { stdio });
  note(between.pid);
  forever();
}

const KINDS = {
  dump() {
    const argv = process.argv.slice(3);
    const stdin = readFileSync(0).toString('latin1');
    writeFileSync(outputFile, JSON.stringify({ argv, cwd: process.cwd(), umask: process.umask(), stdin }));
  },
  say() {
    writeFileSync(outputFile, 'the last word');
    process.stdout.write('to stdout\n');
    process.stderr.write('to stderr\n');
  },
  ask() {
    writeFileSync(outputFile, 'It is done.\nNEEDS_REVIEW: It deletes rows.\n');
  },
  fail() {
    process.stderr.write('no luck\n');
    process.exitCode = 1;
  },
  nothing() {},
  /** Writes where it is, and goes on: as if it had more to do. */
  'edit-and-hang'() {
    writeFileSync('edited', 'by a program\n');
    forever();
  },
  edit() {
    writeFileSync('edited', 'by a program\n');
    writeFileSync(outputFile, 'edited');
  },
  hang: forever,
  /** Hears, and calls that success. */
  polite() {
    process.on('SIGTERM', () => process.exit(0));
    forever();
  },
  deaf() {
    process.on('SIGTERM', () => {});
    forever();
  },
  /** The first time one does not hear; every other one has the last word. */
  'deaf-first'() {
    if (first) KINDS.deaf();
    else KINDS.say();
  },
  flood() {
    const chunk = 'x'.repeat(65_536);
    const write = () => {
      while (process.stdout.write(chunk));
      process.stdout.once('drain', write);
    };
    write();
  },
  /** Children in its group that do not hear; it ends. */
  fork() {
    for (let count = 0; count < 3; count++) sleeper();
  },
  /** A child in a group and session of its own; it stays. */
  leave() {
    sleeper({ detached: true });
    forever();
  },
  /** A child that starts one that is apart from all and silent; both stay. */
  nest: () => nest('ignore', 'setInterval(() => {}, 1000)'),
  /** The same, but for the output, which that one keeps; the child between ends. */
  apart: () => nest(['ignore', 'inherit', 'inherit'], ''),
  /** The same, and it ends; the child has kept the output. */
  daemon() {
    sleeper({ detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
  },
  closed() {
    process.stdout.end();
    process.stderr.end();
    setTimeout(() => writeFileSync(outputFile, 'later'), 300);
  },
  link() {
    symlinkSync('/etc/passwd', outputFile);
  },
  huge() {
    writeFileSync(outputFile, `${'y'.repeat(3 * 1024 * 1024)}\nNEEDS_REVIEW: at its true end\n`);
  },
  killed() {
    process.kill(process.pid, 'SIGKILL');
  },
};
KINDS[kind]();
