/**
 * The disk that many proofs run on does what a real one does: the same calls at random on both, of which each answers the
 * same or fails with the same error, and that leave the same. SIMULATION_SEED does the same again.
 */
import * as nodeFs from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SystemCalls } from '../../../src/store/filesystem/files.js';
import { readImage } from '../../helpers/disk-image.js';
import { type DiskCalls, SimulatedDisk } from '../../helpers/simulated-disk.js';
import { inMemory, linux, useTemporaryDirectories } from '../../helpers/store-relay.js';

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = nodeFs.constants;
const FLAGS = [
  O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
  O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
  O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK,
];

const NOT_OPEN = 100_000;

const seed = Number(process.env.SIMULATION_SEED ?? Date.now() % 1_000_000_007);

const temporaryDirectory = useTemporaryDirectories(inMemory);

/** Files and folders are told apart by their numbers, of which only the order of their coming is the same. */
class Side {
  readonly opened: number[] = [];
  readonly #inodes = new Map<number, number>();

  constructor(
    readonly calls: DiskCalls,
    readonly root: string,
  ) {}

  path(name: string): string {
    return join(this.root, name);
  }

  stat(found: nodeFs.Stats | undefined): unknown {
    if (found === undefined) return undefined;
    const { ino, mode, nlink, size, uid } = found;
    this.#inodes.set(ino, this.#inodes.get(ino) ?? this.#inodes.size);
    const what = [this.#inodes.get(ino), mode, uid, found.isFile(), found.isDirectory(), found.isSymbolicLink()];
    return found.isFile() ? [...what, nlink, size] : what;
  }
}

interface Step {
  readonly name: string;
  run(side: Side): unknown;
}

// Few, so that calls meet each other.
const PATHS = ['a', 'b', 'c', 'a/a', 'a/b', 'b/a'];
const anyPath = fc.constantFrom(...PATHS);
const anyOpened = fc.nat(4);
const anyBytes = fc.uint8Array({ maxLength: 9 });

const onPath = (name: string, call: (calls: DiskCalls, path: string, side: Side) => unknown) =>
  anyPath.map((path): Step => ({ name: `${name} ${path}`, run: (side) => call(side.calls, side.path(path), side) }));

const onPaths = (name: string, call: (calls: DiskCalls, from: string, to: string) => unknown) =>
  fc.tuple(anyPath, anyPath).map(
    ([from, to]): Step => ({
      name: `${name} ${from} ${to}`,
      run: (side) => call(side.calls, side.path(from), side.path(to)),
    }),
  );

const onOpened = (name: string, call: (calls: DiskCalls, fd: number, bytes: Uint8Array, side: Side) => unknown) =>
  fc.tuple(anyOpened, anyBytes).map(
    ([which, bytes]): Step => ({
      name: `${name} ${which} [${bytes}]`,
      run: (side) => call(side.calls, side.opened[which] ?? NOT_OPEN, bytes, side),
    }),
  );

const anyChange = fc.oneof(
  fc.tuple(anyPath, fc.constantFrom(...FLAGS)).map(
    ([path, flags]): Step => ({
      name: `open ${path} ${flags}`,
      run: (side) => {
        side.opened.push(side.calls.openSync(side.path(path), flags, 0o600));
      },
    }),
  ),
  onOpened('write', (calls, fd, bytes) => calls.writeSync(fd, bytes, 0, bytes.length)),
  onPaths('rename', (calls, from, to) => calls.renameSync(from, to)),
  onPaths('link', (calls, from, to) => calls.linkSync(from, to)),
  onPath('mkdir', (calls, path) => calls.mkdirSync(path, { mode: 0o700 })),
  onPath('unlink', (calls, path) => calls.unlinkSync(path)),
  onPath('rmdir', (calls, path) => calls.rmdirSync(path)),
);

const anyOther = fc.oneof(
  onOpened('read', (calls, fd, bytes) => {
    const read = new Uint8Array(12);
    return [calls.readSync(fd, read, 1, 8, bytes[0] ?? null), read.join()];
  }),
  onOpened('fstat', (calls, fd, _, side) => side.stat(calls.fstatSync(fd))),
  onOpened('fsync', (calls, fd) => calls.fsyncSync(fd)),
  onOpened('fchmod', (calls, fd, bytes) => calls.fchmodSync(fd, 0o700 & (bytes[0] ?? 0o600))),
  onOpened('close', (calls, fd, _, side) => {
    calls.closeSync(fd);
    side.opened.splice(side.opened.indexOf(fd), 1);
  }),
  onPath('mkdir -p', (calls, path, { root }) =>
    calls.mkdirSync(path, { mode: 0o700, recursive: true })?.replace(root, ''),
  ),
  onPath('readdir', (calls, path) => calls.readdirSync(path).sort()),
  onPath('lstat', (calls, path, side) => side.stat(calls.lstatSync(path))),
  onPath('look', (calls, path, side) => side.stat(calls.lstatSync(path, { throwIfNoEntry: false }))),
  onPath('realpath', (calls, path) => calls.realpathSync(path) === path),
  onPath('readlink', (calls, path) => calls.readlinkSync(path)),
  onPath('readFile', (calls, path) => calls.readFileSync(path).join()),
  onPath('opendir', (calls, path) => {
    const folder = calls.opendirSync(path);
    const isEmpty = folder.readSync() === null;
    folder.closeSync();
    return isEmpty;
  }),
  onPath('utimes', (calls, path) => {
    calls.utimesSync(path, new Date(5000), new Date(7000));
    return calls.lstatSync(path).mtimeMs;
  }),
);

const anyStep = fc.oneof({ weight: 3, arbitrary: anyChange }, { weight: 2, arbitrary: anyOther });

function outcome(step: Step, side: Side): unknown {
  try {
    return { answer: step.run(side) };
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code };
  }
}

/** The names in it, all the way down, with what files hold and which of them are one. */
function written(image: ReturnType<typeof readImage>, files: unknown[] = []): unknown {
  return [...image.entries].map(([name, node]) => {
    if (node.kind === 'folder') return [name, written(node, files)];
    if (!files.includes(node)) files.push(node);
    return [name, files.indexOf(node), node.bytes.join()];
  });
}

describe.runIf(linux)('a simulated disk', () => {
  test('answers every call as the real one does, and holds the same', () => {
    const folder = temporaryDirectory();
    let runs = 0;
    const property = fc.property(fc.array(anyStep, { minLength: 80, maxLength: 120 }), (steps) => {
      const disk = new SimulatedDisk();
      const root = join(folder, `${runs++}`);
      const simulated = new Side(disk.system, '/relay');
      const real = new Side(nodeFs as unknown as DiskCalls, root);
      for (const side of [simulated, real]) side.calls.mkdirSync(side.root, { mode: 0o700 });
      const done: string[] = [];
      try {
        for (const step of steps) {
          done.push(step.name);
          expect(outcome(step, simulated), done.join('\n')).toEqual(outcome(step, real));
        }
        for (const path of PATHS) {
          const look: Step = { name: '', run: (side) => side.stat(side.calls.lstatSync(side.path(path))) };
          expect(outcome(look, simulated), `${path} after ${done.join('\n')}`).toEqual(outcome(look, real));
        }
        expect(written(disk.image('/relay'))).toEqual(written(readImage(root)));
      } finally {
        for (const fd of real.opened) nodeFs.closeSync(fd);
      }
    });
    fc.assert(property, { numRuns: 150, seed, endOnFailure: true });
  });

  test('has the times of folders move with each name in them', () => {
    const { system } = new SimulatedDisk();
    const modified = (calls: SystemCalls) => calls.lstatSync('/a').mtimeMs;
    system.mkdirSync('/a', { mode: 0o700 });
    system.utimesSync('/a', new Date(0), new Date(0));
    expect(modified(system)).toBe(0);
    system.mkdirSync('/a/b', { mode: 0o700 });
    expect(modified(system)).toBeGreaterThan(0);
    system.utimesSync('/a', new Date(0), new Date(0));
    system.rmdirSync('/a/b');
    expect(modified(system)).toBeGreaterThan(0);
  });
});
