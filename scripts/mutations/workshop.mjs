/**
 * A copy of the repository in which defects are made and tests run, so that the checkout itself is never broken. It holds
 * the files that git keeps or would, as they are in the checkout, and its packages by a link.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { verdictOf } from './verdict.mjs';

// Tests in these folders start what is in dist/.
const RUN_THE_BUILD = ['test/process/', 'test/e2e/', 'test/cli/', 'test/proof/', 'test/worker/'];

// For a defect that makes a test spin for ever; one that waits has a timeout of its own.
const LIMIT_MS = 10 * 60_000;
const LIMIT_WHOLE_MS = 60 * 60_000;

export class Workshop {
  #root;
  #running;

  constructor(repository) {
    this.#root = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'mcp-dispatch-mutations-'));
    const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: repository,
      encoding: 'utf8',
    });
    if (listed.status !== 0) throw new Error(`git ls-files failed in ${repository}: ${listed.stderr}`);
    for (const file of listed.stdout.split('\0')) {
      const from = path.join(repository, file);
      // Tracked, and removed in the checkout.
      if (file === '' || !existsSync(from)) continue;
      mkdirSync(path.dirname(path.join(this.#root, file)), { recursive: true });
      cpSync(from, path.join(this.#root, file));
    }
    // A junction on Windows, where links to folders need a right.
    symlinkSync(path.join(repository, 'node_modules'), path.join(this.#root, 'node_modules'), 'junction');
  }

  /**
   * Runs tests by file and title, or all without any, and judges the run: `state: 'survived'` means that everything passed.
   */
  async test(tests) {
    const files = [...new Set(tests?.map(({ file }) => file))];
    if (tests === undefined || files.some((file) => RUN_THE_BUILD.some((folder) => file.startsWith(folder)))) {
      const built = await this.#node(['scripts/build.mjs'], LIMIT_MS);
      if (built.code !== 0)
        return { state: 'broken', why: `it cannot be built: ${built.output.trim().split('\n')[0]}` };
    }
    const report = path.join(this.#root, 'report.json');
    rmSync(report, { force: true });
    const vitest = 'node_modules/vitest/vitest.mjs';
    const args = [vitest, 'run', '--reporter=json', `--outputFile=${report}`, '--bail=1', ...files];
    if (tests !== undefined) args.push(`--testNamePattern=${tests.map(({ title }) => escaped(title)).join('|')}`);
    const { late } = await this.#node(args, tests === undefined ? LIMIT_WHOLE_MS : LIMIT_MS);
    const verdict = verdictOf(late || !existsSync(report) ? undefined : JSON.parse(readFileSync(report, 'utf8')));
    return 'file' in verdict ? { ...verdict, file: path.relative(this.#root, verdict.file) } : verdict;
  }

  /** Runs the tests with a defect in place, and takes it out again. */
  async testWith({ file, find, replace }, tests) {
    const source = path.join(this.#root, file);
    const sound = readFileSync(source, 'utf8');
    try {
      // A function, because signs like $& in a replacement text have a meaning.
      const broken = sound.replace(find, () => replace);
      writeFileSync(source, broken);
      return await this.test(tests);
    } finally {
      writeFileSync(source, sound);
    }
  }

  /** Ends what runs, and removes the copy. */
  close() {
    if (this.#running !== undefined) endGroup(this.#running);
    // What was just ended may still be writing.
    rmSync(this.#root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  async #node(args, limitMs) {
    const child = spawn(process.execPath, args, {
      cwd: this.#root,
      // A group of its own, so that its workers end with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      endGroup(child);
    }, limitMs);
    const code = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
    clearTimeout(timer);
    this.#running = undefined;
    return { code, late, output };
  }
}

function escaped(text) {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function endGroup(child) {
  try {
    // Windows has no groups; there the workers notice that their parent is gone.
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
