/**
 * Which agents talk among themselves: two belong together when one wrote to the other, and so on from agent to agent, so
 * that a ring of nine is one group as a pair is. One that tells everybody something is not thereby in everybody's
 * group; agents that all write to everybody are in one.
 */
import { EVERYONE } from '../../model/agent-id.js';

export class Groups {
  readonly #above = new Map<string, string>();

  constructor(links: Iterable<{ readonly from: string; readonly to: string }>) {
    // Those who write to everybody are linked by that name, and so only with one another.
    for (const { from, to } of links) this.#above.set(this.#top(from), this.#top(to));
  }

  /** Whether two are in one group; each is in its own. */
  together(a: string, b: string): boolean {
    return this.#top(a) === this.#top(b);
  }

  /** The agents in the group of `agent`, by name. */
  membersWith(agent: string): string[] {
    const names = [...this.#above.keys()].filter((name) => name !== EVERYONE && this.together(name, agent));
    return names.includes(agent) ? names.sort() : [agent];
  }

  #top(name: string): string {
    let top = name;
    for (let above = this.#above.get(top); above !== undefined && above !== top; above = this.#above.get(top))
      top = above;
    // The next look is a short one.
    if (top !== name || !this.#above.has(name)) this.#above.set(name, top);
    return top;
  }
}
