/** A project is a directory that people open a window in; agents without an id are named after it. */
import { isAgentId } from './agent-id.js';

export interface Project {
  /** Absolute path of its top folder: a worktree has one of its own. Empty where there is none. */
  readonly path: string;
  /** What an agent there is called; an agent id that leaves room for a number behind it. */
  readonly name: string;
  /** The repository, which all its worktrees have in common; the project itself where it is no worktree. */
  readonly repository: { readonly path: string; readonly name: string };
}

// An agent id has 64: room for "-" and a number of five digits.
const MOST_CHARACTERS = 58;

/** The name of who has no usable one. */
const NAMELESS = 'agent';

/** The name of a folder as an agent id: lower case, other characters as "-", cut; "agent" where nothing is left of it. */
export function fitName(folder: string): string {
  const name = folder
    .replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[_-]+/, '')
    .slice(0, MOST_CHARACTERS)
    .replace(/[_-]+$/, '');
  return isAgentId(name) ? name : NAMELESS;
}

/** `webapp`, `webapp-2`, `webapp-3` and so on: the names of those who work in one project. `number` is at least 1. */
export function numberedName(name: string, number: number): string {
  return number === 1 ? name : `${name}-${number}`;
}
