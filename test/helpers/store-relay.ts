/** Temporary directories for tests of the store, and what stands in them. */
import * as nodeFs from 'node:fs';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import type { DiskCalls } from './simulated-disk.js';

export const posix = process.platform !== 'win32';
export const linux = process.platform === 'linux';
export const asRoot = process.getuid?.() === 0;

/** A uid that is not ours and owns nothing: `nobody` on Linux. */
export const STRANGER = 65534;

const MEMORY = '/dev/shm';

/**
 * A folder in memory where the system has one: for thousands of small relays of which nothing has to be durable. That of the
 * run where it lies there, since it goes with the run also when that is interrupted.
 */
export const inMemory = existsSync(MEMORY) && !tmpdir().startsWith(`${MEMORY}/`) ? MEMORY : tmpdir();

/** Makes directories that are removed after each test. */
export function useTemporaryDirectories(parent = tmpdir()): () => string {
  const made: string[] = [];
  afterEach(() => {
    for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
  });
  return () => {
    const path = realpathSync(mkdtempSync(join(parent, 'mcp-dispatch-store-')));
    made.push(path);
    return path;
  };
}

/** Every path below `root` with its kind and content, to see that an operation changed nothing. */
export function snapshot(root: string): { readonly [path: string]: string } {
  const found: { [path: string]: string } = {};
  const visit = (path: string, name: string) => {
    const stat = lstatSync(path);
    const mode = (stat.mode & 0o7777).toString(8);
    if (stat.isSymbolicLink()) found[name] = `link to ${readlinkSync(path)}`;
    else if (stat.isFile()) found[name] = `file ${mode} ${readFileSync(path, 'latin1')}`;
    else if (!stat.isDirectory()) found[name] = `other ${mode}`;
    else {
      found[name] = `folder ${mode}`;
      for (const child of readdirSync(path)) visit(join(path, child), `${name}/${child}`);
    }
  };
  visit(root, '.');
  return found;
}

/** What interrupted operations left in the relay's folder for temporary files. */
export function leftovers(root: string, calls: Pick<DiskCalls, 'lstatSync' | 'readdirSync'> = nodeFs): string[] {
  const path = join(root, '.tmp');
  return calls.lstatSync(path, { throwIfNoEntry: false }) === undefined ? [] : calls.readdirSync(path);
}

/** A store trusts one look at its directory for some milliseconds; with this, every look is a new one. */
export function useUntrustingStores(): void {
  let now = 0;
  beforeEach(() => {
    vi.spyOn(systemClock, 'steady').mockImplementation(() => {
      now += 60_000;
      return now;
    });
  });
  afterEach(() => {
    vi.mocked(systemClock.steady).mockRestore();
  });
}
