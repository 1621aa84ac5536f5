/**
 * Makes the checkout ready: installs the development packages and builds dist/, each only when needed. Every command
 * of the README runs this first, so it needs nothing but Node and npm, says nothing when there is nothing to do, and
 * stdout stays free for the command itself.
 *
 *   node scripts/setup.mjs             both, as needed
 *   node scripts/setup.mjs --rebuild   packages as needed; always builds
 *
 * Two of them at once are fine: the second waits for the first and then finds nothing left to do.
 */
import { spawnSync } from 'node:child_process';
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const lockFile = path.join(root, '.setup-lock');

/** What the bundle is made from, besides the packages that package-lock.json names. */
const SOURCES = [
  'src',
  'scripts/build.mjs',
  'scripts/code-cache.mjs',
  'scripts/code-cache-maker.mjs',
  'scripts/stubs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];

/**
 * --ignore-scripts: nothing we need has an install script that matters (esbuild's only checks its binary, which comes
 * as a package of its own). --include: NODE_ENV=production or a personal npm setting must not leave half of it out.
 */
const INSTALL = 'npm ci --ignore-scripts --no-audit --no-fund --include=dev --include=optional';

try {
  await setUp(process.argv.includes('--rebuild'));
} catch (error) {
  // A failed build has its messages on stderr already.
  process.stderr.write(`setup: failed: ${error.message.split('\n')[0]}\n`);
  process.exitCode = 1;
}

async function setUp(rebuild) {
  assertNode();
  if (!rebuild && packagesAreCurrent() && bundleIsCurrent()) return;
  await takeLock();
  try {
    // Asked again: another process may have done it while this one waited for the lock.
    if (!packagesAreCurrent()) installPackages();
    if (rebuild || !bundleIsCurrent()) await buildBundle();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

/** The program runs on Node 20.0; the tools that build and test it do not. */
function assertNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(`working on mcp-dispatch needs Node 20.19 or newer, and this is Node ${process.versions.node}`);
}

/**
 * True when node_modules holds what package-lock.json asks for. Contents are compared and not dates, because copying
 * or unpacking a checkout changes the dates. Packages for other platforms may be absent, and only they.
 */
function packagesAreCurrent() {
  let installed;
  try {
    installed = readPackages('node_modules/.package-lock.json');
  } catch {
    return false;
  }
  const wanted = readPackages('package-lock.json');
  delete wanted[''];
  for (const [name, { version, integrity, optional }] of Object.entries(wanted)) {
    const found = installed[name];
    if (found === undefined && optional) continue;
    if (found?.version !== version || found.integrity !== integrity) return false;
  }
  // A directory that was installed by another system, or another architecture of this one, is of no use here.
  return Object.entries(installed).every(
    ([name, { os, cpu }]) => name in wanted && admits(os, process.platform) && admits(cpu, process.arch),
  );
}

/** The `os` or `cpu` field of a package: absent, a list of names, or a list of excluded ones ("!win32"). */
function admits(list, value) {
  if (list === undefined || list.includes('any')) return true;
  return list.every((entry) => entry.startsWith('!')) ? !list.includes(`!${value}`) : list.includes(value);
}

function readPackages(file) {
  return JSON.parse(readFileSync(path.join(root, file), 'utf8')).packages;
}

function bundleIsCurrent() {
  const built = statSync(path.join(root, 'dist/mcp-dispatch.cjs'), { throwIfNoEntry: false });
  if (built === undefined) return false;
  return SOURCES.every((source) => newestMs(path.join(root, source)) <= built.mtimeMs);
}

/** The newest change of a file, or of a directory and all in it. A deleted file shows as a change of its directory. */
function newestMs(file) {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(file).map((name) => newestMs(path.join(file, name))));
}

function installPackages() {
  process.stderr.write('setup: installing the development packages (npm ci) ...\n');
  // Through a shell, since npm is a .cmd file on Windows; the command is one constant, so there is nothing to quote.
  const npm = spawnSync(INSTALL, { cwd: root, shell: true, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (npm.status === 0) return;
  process.stderr.write(`${npm.stdout ?? ''}${npm.stderr ?? ''}`);
  throw new Error(`${INSTALL} ended with ${npm.status ?? npm.signal ?? npm.error?.message}`);
}

async function buildBundle() {
  const { build } = await import('./build.mjs');
  const { bytes } = await build();
  process.stderr.write(`setup: built dist/ (${Math.round(bytes / 1024)} KiB)\n`);
}

/**
 * One process at a time. The file holds the pid of its owner and ends with it: when that process is gone, the lock is
 * taken over. It guards convenience, not data, so a reused pid costs no more than the wait below.
 */
async function takeLock() {
  const deadline = Date.now() + 10 * 60_000;
  let told = false;
  while (!createLock()) {
    const owner = readLock(lockFile);
    if (owner === undefined) continue;
    if (!isAlive(owner)) {
      breakLock(owner);
      continue;
    }
    if (Date.now() > deadline) {
      throw new Error(`process ${owner} has held .setup-lock for ten minutes; end it, or remove that file`);
    }
    if (!told) process.stderr.write(`setup: waiting for process ${owner}, which is at it already\n`);
    told = true;
    await delay(100);
  }
}

/** False when another has it. Linked into place, so that nobody can see a lock without its pid. */
function createLock() {
  const own = `${lockFile}-${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, lockFile);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Moves the lock aside and looks again at whose it was: between two looks another process may have taken it over. */
function breakLock(owner) {
  const aside = `${lockFile}-${process.pid}`;
  try {
    renameSync(lockFile, aside);
    if (readLock(aside) !== owner) linkSync(aside, lockFile);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** The pid in a lock file, 0 (nobody) when it holds none, undefined when there is no such file. */
function readLock(file) {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10) || 0;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid) {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
