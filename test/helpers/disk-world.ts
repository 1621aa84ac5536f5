/** Server processes over one relay directory, whose clock and processes belong to the test. See `relay-world.ts`. */
import { Relay } from '../../src/relay/relay.js';
import { Files, type SystemCalls } from '../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { systemCalls } from '../../src/store/filesystem/system-calls.js';
import type { Processes } from '../../src/store/processes.js';
import { TestClock, TestProcesses } from './relay-world.js';

/** Thousands of syncs that no test of what is visible depends on. */
export const noSync = { fsyncSync: () => {} };

const unsynced: SystemCalls = { ...systemCalls, ...noSync };

export interface DiskProcess {
  readonly relay: Relay;
  /** As kill -9: nothing is cleaned up. */
  kill(): void;
}

export interface DiskProcessOptions {
  readonly system?: SystemCalls;
  readonly durability?: 'full' | 'process';
}

export class DiskWorld {
  readonly warnings: string[] = [];

  constructor(
    readonly clock = new TestClock(),
    readonly processes = new TestProcesses(),
  ) {}

  /** A server process on the relay at `root`, by default one whose calls never fail and sync nothing. */
  process(root: string, { system, durability = 'full' }: DiskProcessOptions = {}): DiskProcess {
    const identity = this.processes.start();
    const processes: Processes = { self: () => identity, check: (process) => this.processes.check(process) };
    const warn = (text: string) => this.warnings.push(text);
    const files = new Files(system ?? unsynced, warn);
    const store = new FilesystemStore(root, { files, durability });
    return {
      relay: new Relay({ store, processes, clock: this.clock, warn }),
      kill: () => this.processes.kill(identity.pid),
    };
  }
}
