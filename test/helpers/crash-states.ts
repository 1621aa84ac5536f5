/**
 * Every state in which a power cut may leave a disk, from a recording of what was done to it.
 *
 * The model. A cut comes between two operations. Of what was done before it:
 * - *The data of a file* is there as far as the file was synced after writing it. Of later bytes there is nothing, the
 *   first half, all but the last, all, or the right length with zeros in it (a file system that writes sizes before data).
 * - *The names in a folder* are changed one by one: create, link, unlink, mkdir, and each is there for sure when that very
 *   folder was synced after it. Of the changes that were not, any subset may be there, in any order; syncing a file does
 *   not sync its name, and syncing a folder syncs neither its name above nor the data in it. This is less than ext4, XFS,
 *   btrfs and APFS give, which keep such changes in order, and about what POSIX does.
 * - *A rename* takes one name away and puts another in, perhaps in another folder.
 *   `whole`: both or neither, there for sure when either folder was synced, and never without the folder it goes to or the
 *   changes by which the file came under its old name. So do all journaling file systems (one rename is one transaction),
 *   and the relay relies on it: claiming, reading and giving back sync nothing.
 *   `split`: each side for itself, as if it were a link and an unlink. Nothing here promises anything of such a disk.
 *
 * Ordered states (a prefix of the changes) are among the subsets. Beyond `MOST_OPEN` open changes, the subsets are those
 * prefixes, each single change, and all but each single one.
 */
import type { CrashRecorder, Edit } from './crash-recording.js';
import { type ImageFile, type ImageFolder, type ImageNode, newFolder } from './disk-image.js';

export interface CrashModel {
  readonly renames: 'whole' | 'split';
  /** Syncs of this file or folder are taken as not done. */
  readonly without?: ImageNode;
  /** Only the few subsets that stand for many, and of unsynced data nothing or all. @default false */
  readonly sparse?: boolean;
}

interface Change {
  readonly edits: readonly Edit[];
  /** It is there only together with these. */
  readonly needs: readonly number[];
  synced: boolean;
}

const MOST_OPEN = 12;

type Recording = Pick<CrashRecorder, 'operations' | 'base'>;

/** The states when the cut comes after `done` operations, as they are before anybody looks. Some may be alike. */
export function* crashStates(recording: Recording, done: number, model: CrashModel): Generator<ImageFolder> {
  const { changes, files } = play(recording, done, model);
  const open = [...changes.keys()].filter((index) => !changes[index]?.synced);
  for (const chosen of subsets(open, model.sparse === true ? 0 : MOST_OPEN)) {
    const there = (index: number) => changes[index]?.synced === true || chosen.has(index);
    if (![...chosen].every((index) => changes[index]?.needs.every(there))) continue;
    const edits = changes.flatMap((change, index) => (there(index) ? change.edits : []));
    yield* withData(recording.base, edits, files, model.sparse === true);
  }
}

function play({ operations }: Recording, done: number, { renames, without }: CrashModel) {
  const changes: Change[] = [];
  const files = new Map<ImageFile, { synced: Uint8Array; all: Uint8Array }>();
  const sync = (index: number) => {
    const change = changes[index];
    if (change === undefined || change.synced) return;
    change.synced = true;
    change.needs.forEach(sync);
  };
  for (const operation of operations.slice(0, done)) {
    if (operation.kind === 'names') {
      const { edits } = operation;
      if (edits.length === 1) changes.push({ edits, needs: [], synced: false });
      else if (renames === 'split') changes.push(...edits.map((edit) => ({ edits: [edit], needs: [], synced: false })));
      else changes.push({ edits, needs: whatItStandsOn(changes, edits), synced: false });
    } else if (operation.kind === 'write') {
      const { file, bytes } = operation;
      const { synced, all } = files.get(file) ?? { synced: file.bytes, all: file.bytes };
      files.set(file, { synced, all: Buffer.concat([all, bytes]) });
    } else if (operation.node !== without) {
      const { node } = operation;
      const file = node.kind === 'file' ? files.get(node) : undefined;
      if (file !== undefined) file.synced = file.all;
      for (const [at, { edits }] of changes.entries()) if (edits.some(({ folder }) => folder === node)) sync(at);
    }
  }
  return { changes, files };
}

/** The last change of each name that the rename touches, and the making of each folder that it touches. */
function whatItStandsOn(changes: readonly Change[], edits: readonly Edit[]): number[] {
  const needs = new Set<number>();
  const makerOf = (folder: ImageFolder) => {
    const maker = changes.findIndex((change) => change.edits.some(({ node }) => node === folder));
    if (maker === -1) return;
    needs.add(maker);
    for (const edit of changes[maker]?.edits ?? []) makerOf(edit.folder);
  };
  for (const { folder, name } of edits) {
    makerOf(folder);
    const last = changes.findLastIndex((change) => change.edits.some((of) => of.folder === folder && of.name === name));
    if (last !== -1) needs.add(last);
  }
  return [...needs];
}

function* subsets(open: readonly number[], most: number): Generator<ReadonlySet<number>> {
  if (open.length <= most) {
    for (let bits = 0; bits < 2 ** open.length; bits++) yield new Set(open.filter((_, place) => (bits >> place) & 1));
    return;
  }
  for (const [place, one] of open.entries()) {
    yield new Set(open.slice(0, place));
    yield new Set([one]);
    yield new Set(open.filter((other) => other !== one));
  }
  yield new Set(open);
}

/** The tree with these edits, once for each way in which the data of its files may be there. */
function* withData(
  base: ImageFolder,
  edits: readonly Edit[],
  files: ReadonlyMap<ImageFile, { synced: Uint8Array; all: Uint8Array }>,
  sparse: boolean,
): Generator<ImageFolder> {
  const reached = new Set<ImageNode>();
  const tree = withEdits(base, edits, (file) => {
    reached.add(file);
    return file;
  });
  let ways: ReadonlyMap<ImageNode, ImageFile>[] = [new Map()];
  for (const [file, { synced, all }] of files) {
    if (!reached.has(file)) continue;
    const contents: ImageFile[] = prefixes(synced, all, sparse).map((bytes) => ({ kind: 'file', bytes }));
    ways = ways.flatMap((way) => contents.map((content) => new Map([...way, [file, content]])));
  }
  for (const way of ways) yield withEdits(tree, [], (file) => way.get(file) ?? file);
}

function prefixes(synced: Uint8Array, all: Uint8Array, sparse: boolean): Uint8Array[] {
  const more = all.length - synced.length;
  if (more === 0) return [all];
  if (sparse) return [synced, all];
  const lengths = new Set([0, Math.trunc(more / 2), more - 1, more]);
  const zeros = Buffer.concat([synced, new Uint8Array(more)]);
  return [...[...lengths].map((length) => all.slice(0, synced.length + length)), zeros];
}

function withEdits(folder: ImageFolder, edits: readonly Edit[], content: (file: ImageFile) => ImageFile): ImageFolder {
  const own = edits.filter((edit) => edit.folder === folder);
  const entries = own.length === 0 ? folder.entries : new Map(folder.entries);
  for (const { name, node } of own) {
    if (node === undefined) entries.delete(name);
    else entries.set(name, node);
  }
  const result = newFolder();
  let isSame = own.length === 0;
  for (const [name, node] of entries) {
    const after = node.kind === 'folder' ? withEdits(node, edits, content) : content(node);
    if (after !== node) isSame = false;
    result.entries.set(name, after);
  }
  // What is the same in many states is one object, and told apart from others once.
  return isSame ? folder : result;
}
