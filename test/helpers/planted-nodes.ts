/** Kinds that are no plain file of ours: links, pipes, sockets, folders, devices, other owners, other sizes. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import {
  CAP_BYTES,
  delivered,
  isRoot,
  json,
  LEFT,
  nameOfOurs,
  onWindows,
  type PlantedKind,
  type Spot,
  setAside,
} from './planted-kinds.js';

const noNodes = onWindows && 'there are no such files on Windows';
const rootOnly = !isRoot && 'only root can make one';
const LINK = setAside('a symbolic link');
const NO_FILE = setAside('not a plain file');

/** A good message outside of the relay, or in another inbox, that a link can point at. */
function bait(folder: string, fields: Record<string, unknown> = {}): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const at = path.join(folder, 'bait.json');
  writeFileSync(at, json(fields), { mode: 0o600 });
  return at;
}

const link = (name: string, to: (spot: Spot) => string, more: Partial<PlantedKind> = {}): PlantedKind => ({
  name,
  fate: LINK,
  skip: noNodes,
  plant: (spot) => symlinkSync(to(spot), spot.path),
  ...more,
});

const device = (name: string, kind: 'c' | 'b', major: number, minor: number): PlantedKind => ({
  name,
  fate: NO_FILE,
  skip: noNodes || rootOnly,
  plant(spot) {
    try {
      execFileSync('mknod', [spot.path, kind, String(major), String(minor)], { stdio: 'ignore' });
    } catch {
      return 'no device can be made here';
    }
  },
});

/** A message of `bytes` bytes, by the length of its content. */
const sized = (bytes: number) => json({ content: 'x'.repeat(bytes - json({ content: '' }).length) });

export const NODES: readonly PlantedKind[] = [
  link('a symbolic link to a good message outside of the relay', ({ outside }) => bait(outside)),
  link('a symbolic link to a message in the inbox of another', ({ relay }) => bait(path.join(relay, 'carol'))),
  link('a symbolic link to a folder', ({ outside }) => outside),
  link('a symbolic link that leads nowhere', ({ outside }) => path.join(outside, 'nowhere')),
  link('a symbolic link to itself', (spot) => path.basename(spot.path)),
  link('a symbolic link to a device that never ends', () => '/dev/zero'),
  link('a symbolic link in the form of a name of ours', ({ outside }) => bait(outside), {
    fileName: nameOfOurs(),
    fate: setAside('a symbolic link', 'alice'),
  }),
  {
    name: 'a hard link to a message in the inbox of another',
    fate: setAside('it is addressed to another agent'),
    plant: ({ path: at, relay }) => linkSync(bait(path.join(relay, 'carol'), { to: 'carol' }), at),
  },
  {
    name: 'a hard link to the format of the relay',
    fate: setAside('not a JSON object'),
    plant: ({ path: at, relay }) => linkSync(path.join(relay, '.format'), at),
  },
  {
    name: 'a pipe that nobody writes to',
    fate: NO_FILE,
    skip: noNodes,
    plant: ({ path: at }) => void execFileSync('mkfifo', [at]),
  },
  {
    name: 'a pipe in the form of a name of ours',
    fileName: nameOfOurs(),
    fate: setAside('not a plain file', 'alice'),
    skip: noNodes,
    plant: ({ path: at }) => void execFileSync('mkfifo', [at]),
  },
  {
    name: 'a socket',
    fate: NO_FILE,
    skip: noNodes,
    async plant({ path: at, outside }) {
      // The listener removes the path it was given when it closes, so the socket gets its place before that.
      const listening = path.join(outside, 's');
      const server = createServer().listen(listening);
      await new Promise((resolve) => server.once('listening', resolve));
      renameSync(listening, at);
      await new Promise((resolve) => server.close(resolve));
    },
  },
  { name: 'an empty folder', fate: NO_FILE, plant: ({ path: at }) => void mkdirSync(at) },
  {
    name: 'a folder with a message in it',
    fate: NO_FILE,
    plant: ({ path: at }) => void bait(at),
  },
  {
    name: 'a folder in the form of a name of ours',
    fileName: nameOfOurs(),
    fate: setAside('not a plain file', 'alice'),
    plant: ({ path: at }) => void mkdirSync(at),
  },
  device('a device of characters that never end', 'c', 1, 5),
  device('a device of characters that no driver serves', 'c', 240, 77),
  device('a block device that no driver serves', 'b', 240, 77),
  {
    name: "another user's file",
    fate: setAside("another user's file"),
    skip: noNodes || rootOnly,
    plant({ path: at }) {
      writeFileSync(at, json(), { mode: 0o666 });
      chownSync(at, 12_345, 12_345);
    },
  },
  {
    name: 'a file that its owner may not read',
    fate: LEFT,
    skip: onWindows ? 'there are no modes on Windows' : isRoot && 'modes do not bind root',
    plant({ path: at }) {
      writeFileSync(at, json());
      chmodSync(at, 0);
    },
  },
  {
    name: 'a gigabyte without a byte in it',
    fate: setAside(`larger than ${CAP_BYTES} bytes`),
    plant({ path: at }) {
      writeFileSync(at, '');
      try {
        truncateSync(at, 1024 ** 3);
      } catch {
        rmSync(at);
        return 'this file system has no files with holes';
      }
    },
  },
  {
    name: 'a message one byte over the cap',
    fate: setAside(`larger than ${CAP_BYTES} bytes`),
    plant: ({ path: at }) => writeFileSync(at, sized(CAP_BYTES + 1)),
  },
  {
    name: 'a message of exactly the cap',
    fate: delivered({ content_bytes: CAP_BYTES - json({ content: '' }).length }),
    plant: ({ path: at }) => writeFileSync(at, sized(CAP_BYTES)),
  },
];
