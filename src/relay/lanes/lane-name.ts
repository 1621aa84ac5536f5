/** The address of a repository, `acme/api`, as GitHub names them: no wildcard, no path, nothing that a program takes for an option. */
import type { Lane } from '../jobs/lane-list.js';

/** True for the name of an owner: letters, digits and single "-" between them, at most 39. */
export function isOrg(text: string): boolean {
  return text.length <= 39 && /^[A-Za-z0-9](?:-?[A-Za-z0-9])*$/.test(text);
}

/** True for the name of a repository: 1 to 100 letters, digits, ".", "_" and "-", but not "." or "..", nor with "-" first. */
export function isRepo(text: string): boolean {
  return /^[A-Za-z0-9._][A-Za-z0-9._-]{0,99}$/.test(text) && text !== '.' && text !== '..';
}

/** The two names in an address, exactly as they are written; undefined where it is none. */
export function parseLaneName(address: string): Lane | undefined {
  const [org = '', repo = '', ...more] = address.split('/', 3);
  return more.length === 0 && isOrg(org) && isRepo(repo) ? { org, repo } : undefined;
}

export function showLane({ org, repo }: Lane): string {
  return `${org}/${repo}`;
}
