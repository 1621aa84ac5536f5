/** How a command is made: a name, what it is given, when it may run, and what it does to the relay and the model alike. */
import * as fc from 'fast-check';
import { compare } from './compare.js';
import type { Office } from './office.js';
import type { Post, Seat } from './post.js';

export type Command = fc.AsyncCommand<Post, Office>;

export interface CommandSpec<Given> {
  readonly name: string;
  readonly given: fc.Arbitrary<Given>;
  /** Whether there is anything to do. @default always */
  may?(post: Readonly<Post>, given: Given): boolean;
  /** Does it to both, and compares what it answered. What is visible afterwards is compared after each command. */
  run(post: Post, office: Office, given: Given): Promise<void>;
}

export function command<Given>({ name, given, may, run }: CommandSpec<Given>): fc.Arbitrary<Command> {
  return given.map((value) => ({
    check: (post) => may?.(post, value) ?? true,
    run: async (post, office) => {
      await run(post, office, value);
      await compare(post, office);
    },
    toString: () => `${name}(${JSON.stringify(value) ?? ''})`,
  }));
}

/** A number that picks one of however many there will be. */
export const nth = fc.nat({ max: 59 });

export function pick<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('there is nothing to pick from');
  return item;
}

export const seat = (post: Readonly<Post>, index: number): Seat => pick(post.live, index);

export const someoneIsThere = (post: Readonly<Post>): boolean => post.live.length > 0;
