/** A home directory of its own for each test, and a configuration file in it. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { type ConfigCheck, checkConfig } from '../../src/config/load.js';
import type { Problem } from '../../src/config/problem.js';

export interface Sandbox {
  readonly home: string;
  /** Writes the default configuration file and returns its path. */
  write(text: string | Uint8Array): string;
  /** Checks a configuration file of this text. */
  check(text: string): Promise<ConfigCheck>;
  /** The only problem of a configuration file of this text. */
  problem(text: string): Promise<Problem>;
}

export function useSandbox(): Sandbox {
  let home = '';
  beforeEach(() => {
    home = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-config-')));
    vi.spyOn(os, 'homedir').mockReturnValue(home);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(home, { recursive: true, force: true });
  });
  const sandbox: Sandbox = {
    get home() {
      return home;
    },
    write(text) {
      const folder = path.join(home, '.config', 'mcp-dispatch');
      mkdirSync(folder, { recursive: true });
      const file = path.join(folder, 'config.toml');
      writeFileSync(file, text, { mode: 0o600 });
      return file;
    },
    async check(text) {
      sandbox.write(text);
      return checkConfig({});
    },
    async problem(text) {
      const { problems, config } = await sandbox.check(text);
      const [problem, ...others] = problems;
      if (problem === undefined || others.length > 0 || config !== undefined) {
        throw new Error(`expected one problem, found ${JSON.stringify(problems)}`);
      }
      return problem;
    },
  };
  return sandbox;
}
