/**
 * Files that decide what is run on this machine: the configuration with its executors, the list of the lanes. Whoever can write
 * one, or put another in its place, chooses a command; so any doubt about one is a reason not to use it.
 *
 * Windows does not say who can write a file in a way that Node shows: there, that it is a plain file is all that is checked.
 */
import { dirname, join, parse, sep } from 'node:path';
import { errnoOf } from '../../model/errors.js';
import type { Files } from './files.js';

const GROUP_OR_OTHERS_WRITE = 0o022;
const STICKY = 0o1000;
const ROOT = 0;
// What Linux follows before it answers ELOOP: path_resolution(7).
const MOST_LINKS = 40;

/** A list of names has a few lines. A larger file is a wrong path. */
const MOST_BYTES = 1_048_576;

type Looks = Pick<Files, 'lstat' | 'readLink'>;

/**
 * The text of a plain file of this user that nobody else could have written, in UTF-8 and of at most 1 MiB; or why it is not to
 * be trusted, as a clause that follows its path. A link is refused: it says that the file is in the care of something else.
 *
 * @param path absolute and normalized
 */
export function readOperatorFile(
  files: Pick<Files, 'lstat' | 'readLink' | 'readSafely'>,
  path: string,
): { readonly text: string } | { readonly problem: string } {
  let bytes: Uint8Array;
  try {
    // Read first, looked at afterwards: where nobody else can put a file in its place, this is the one that was read.
    const read = files.readSafely(path, MOST_BYTES);
    if (read === undefined) return { problem: 'is not there' };
    if (!read.ok) return { problem: `is ${read.unsafe}` };
    bytes = read.bytes;
  } catch (error) {
    return { problem: `cannot be read (${errnoOf(error) ?? 'for no known reason'})` };
  }
  const others = findOthers(files, path);
  if (others !== undefined) return { problem: `is not to be trusted: ${others}` };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { problem: 'is not valid UTF-8' };
  }
}

/**
 * Why somebody else than this user (or root, who can do anything) could have written the file at `path`, as a clause that names
 * the place; undefined where nobody could. Looks at each folder on the way and at each link, which it follows.
 *
 * @param path absolute and normalized
 */
export function findOthers(files: Looks, path: string, uid = process.getuid?.()): string | undefined {
  if (uid === undefined) return undefined;
  try {
    return follow(files, path, uid);
  } catch (error) {
    return `${path} cannot be looked at (${errnoOf(error) ?? 'for no known reason'})`;
  }
}

function follow(files: Looks, path: string, uid: number): string | undefined {
  const { root } = parse(path);
  let at = root;
  let links = 0;
  const rest = path.slice(root.length).split(sep);
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    // What a link says may hold these.
    if (part === '' || part === '.') continue;
    if (part === '..') {
      at = dirname(at);
      continue;
    }
    // The folder around it, before what it says of its own.
    const open = problemOf(files, at, uid);
    if (open !== undefined) return open;
    const next = join(at, part);
    const stat = files.lstat(next);
    if (stat === undefined) return `${next} is not there`;
    if (!stat.isSymbolicLink()) {
      at = next;
      continue;
    }
    if (++links > MOST_LINKS) return `${path} leads through more than ${MOST_LINKS} links`;
    if (stat.uid !== uid && stat.uid !== ROOT) return `${next} is a link of another user (uid ${stat.uid})`;
    const target = files.readLink(next);
    const { root: start } = parse(target);
    if (start !== '') at = start;
    rest.unshift(...target.slice(start.length).split(sep));
  }
  return problemOf(files, at, uid);
}

/** Of a folder with the sticky bit, as /tmp is one, others can write but not replace what is another's. */
function problemOf(files: Looks, path: string, uid: number): string | undefined {
  const stat = files.lstat(path);
  if (stat === undefined) return `${path} is not there`;
  if (stat.uid !== uid && stat.uid !== ROOT) return `${path} belongs to another user (uid ${stat.uid})`;
  if ((stat.mode & GROUP_OR_OTHERS_WRITE) === 0 || (stat.isDirectory() && (stat.mode & STICKY) !== 0)) return undefined;
  const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0');
  return `${path} can be written by other users (mode ${mode}; chmod go-w)`;
}
