/**
 * What a `.repos.json` allows: `{"orgs": {"acme": {...}}, "repos": {"api": {"org": "acme", "github": "acme-inc/api"}}}` allows
 * `acme/api`. Other programs read the file too, so it may hold more, tokens among it: of all that only the names of orgs and
 * repositories ever leave this module, and no error quotes the file.
 */
import type { Lane } from '../jobs/lane-list.js';
import { isOrg, isRepo, showLane } from './lane-name.js';

export interface LaneFile {
  /** By address. */
  readonly lanes: ReadonlyMap<string, Lane>;
  readonly orgs: ReadonlySet<string>;
  /** Why entries of `repos` are no lanes: a sentence for each, which quotes a name only where that is one. */
  readonly leftOut: readonly string[];
}

/** What the text allows, or what is wrong with it, as a clause. Wrong anywhere in its shape, it allows nothing. */
export function parseLaneFile(text: string): LaneFile | { readonly problem: string } {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    // What the parser says holds a piece of the file.
    return { problem: 'is not valid JSON' };
  }
  if (hasKeyTwice(text)) return { problem: 'has a key twice in one object, so it does not say what it allows' };
  if (!isObject(root) || !isObject(root.orgs) || !isObject(root.repos)) return { problem: SHAPE };
  if (!Object.values(root.orgs).every(isObject) || !Object.values(root.repos).every(isRepoEntry)) {
    return { problem: SHAPE };
  }
  return judge(Object.keys(root.orgs), Object.entries(root.repos as { [repo: string]: RepoEntry }));
}

const SHAPE = 'is not of the shape {"orgs": {"acme": {}}, "repos": {"api": {"org": "acme"}}}';

interface RepoEntry {
  readonly org: string;
}

function judge(orgNames: readonly string[], entries: readonly (readonly [string, RepoEntry])[]): LaneFile {
  const orgs = new Set(orgNames.filter(isOrg));
  const leftOut: string[] = [];
  const named = entries.flatMap(([repo, { org }]): Lane[] => {
    if (!isRepo(repo)) leftOut.push('An entry of repos has a name that no repository has.');
    else if (!isOrg(org)) leftOut.push(`The org of the repository ${repo} has a name that no owner has.`);
    else if (!orgs.has(org)) leftOut.push(`The repository ${repo} is of ${org}, which is not among the orgs.`);
    else return [{ org, repo }];
    return [];
  });
  // GitHub takes them for one repository, and so do the files of a relay.
  const spellings = new Map<string, number>();
  for (const lane of named) spellings.set(folded(lane), (spellings.get(folded(lane)) ?? 0) + 1);
  const lanes = new Map<string, Lane>();
  for (const lane of named) {
    if (spellings.get(folded(lane)) === 1) lanes.set(showLane(lane), lane);
    else leftOut.push(`${showLane(lane)} is there more than once but for upper and lower case.`);
  }
  return { lanes, orgs, leftOut };
}

function folded(lane: Lane): string {
  return showLane(lane).toLowerCase();
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRepoEntry(value: unknown): value is RepoEntry {
  if (!isObject(value) || !Object.hasOwn(value, 'org') || typeof value.org !== 'string') return false;
  return !Object.hasOwn(value, 'github') || typeof value.github === 'string';
}

/** Of `{"api": 1, "api": 2}` every parser takes one, and not every one the same. `text` must be valid JSON. */
function hasKeyTwice(text: string): boolean {
  const open: Set<string>[] = [];
  for (const [token, , colon] of text.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(token.slice(0, -colon.length));
      const keys = open.at(-1);
      if (keys?.has(key) === true) return true;
      keys?.add(key);
    }
  }
  return false;
}
