/**
 * Runs commands in this process, as the program runs them in one of its own: on the configuration and the relay that a home
 * and the variables lead to, and with a terminal that nobody sits at. test/cli/artefact.test.ts runs the program itself.
 */
import os from 'node:os';
import process from 'node:process';
import { vi } from 'vitest';
import { runCommand } from '../../src/cli/program.js';
import { styleFor, type Terminal } from '../../src/cli/terminal.js';
import { open } from '../../src/open.js';
import { FilesystemInspection } from '../../src/store/filesystem/inspection.js';
import { SERVER } from './server-sandbox.js';

export interface Surroundings {
  readonly home: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** One at a time: this process has one home, one folder and one umask. */
export async function runHere(argv: readonly string[], { home, cwd, env }: Surroundings): Promise<Ran> {
  const ran = { out: '', err: '' };
  const terminal: Terminal = {
    stdinIsTTY: false,
    columns: undefined,
    style: styleFor(false, {}),
    async out(text) {
      ran.out += text;
      return true;
    },
    err: (text) => {
      ran.err += text;
    },
    readInput: async () => new Uint8Array(),
  };
  const { argv: ours } = process;
  const umask = process.umask(0o077);
  const spies = [
    vi.spyOn(os, 'homedir').mockReturnValue(home),
    vi.spyOn(process, 'cwd').mockReturnValue(cwd),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      ran.err += String(text);
      return true;
    }),
  ];
  process.argv = [process.execPath, SERVER, ...argv];
  try {
    const code = await runCommand(argv, { open: openHere, version: __VERSION__ }, env, terminal);
    return { code, ...ran };
  } finally {
    process.argv = ours;
    process.umask(umask);
    for (const spy of spies) spy.mockRestore();
  }
}

async function openHere(env: NodeJS.ProcessEnv) {
  const app = await open(env);
  // Without the program: what runs here are its sources, which no build can be older than.
  const inspection = new FilesystemInspection(app.relay.store.location);
  return { ...app, project: app.project(), ancestry: app.processes, inspection };
}
