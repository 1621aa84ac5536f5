/** Server processes over one relay on a simulated disk, whose clock and processes belong to the test. See `relay-world.ts`. */
import { Relay } from '../../src/relay/relay.js';
import { Files, type SystemCalls } from '../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import type { Processes } from '../../src/store/processes.js';
import type { ImageFolder } from './disk-image.js';
import { TestClock, TestProcesses } from './relay-world.js';
import { SimulatedDisk } from './simulated-disk.js';

/** What a power cut is a matter of: the relay, and the folder that names it. */
export const TOP = '/disk';

/** Where the relay is. */
export const RELAY = `${TOP}/relay`;

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
  readonly disk = new SimulatedDisk();

  /** @param content of the disk; an empty one has no relay. */
  constructor(
    readonly clock = new TestClock(),
    readonly processes = new TestProcesses(),
    content?: ImageFolder,
  ) {
    this.restore(content);
  }

  /** What is on the disk. */
  image(): ImageFolder {
    return this.disk.image(TOP);
  }

  /** Has that be on the disk, and nothing else. */
  restore(content: ImageFolder = { kind: 'folder', entries: new Map() }): void {
    this.disk.remove(TOP);
    this.disk.put(TOP, content);
  }

  /** A server process, by default one whose calls never fail. */
  process({ system = this.disk.system, durability = 'full' }: DiskProcessOptions = {}): DiskProcess {
    const identity = this.processes.start();
    const processes: Processes = { self: () => identity, check: (process) => this.processes.check(process) };
    const warn = (text: string) => this.warnings.push(text);
    const files = new Files(system, warn);
    const store = new FilesystemStore(RELAY, { files, durability });
    return {
      relay: new Relay({ store, processes, clock: this.clock, warn }),
      kill: () => this.processes.kill(identity.pid),
    };
  }
}
