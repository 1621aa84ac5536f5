/** What a row of the schema can say of a key. */
interface Row {
  /**
   * As it is written in the file, at the top level or under `[dispatch]`. `table.key` stands in `[table]`: that such a
   * row exists is all there is to a table. `executors.<agent>.key` stands in the table of each agent.
   */
  readonly key: string;
  /** One sentence for the README. */
  readonly description: string;
  /** The environment variable that wins over the file. */
  readonly env?: string;
  /** What leaving the key out means, for keys without a default value. */
  readonly whenAbsent?: string;
}

export type Setting = Row &
  (
    | { readonly type: 'agent ids' }
    | { readonly type: 'path'; readonly default?: string }
    | {
        readonly type: 'integer';
        readonly default: number;
        readonly min: number;
        readonly max: number;
        readonly unit: string;
        /** What 0 means, as a noun, where it is no number like the others. */
        readonly zero?: string;
      }
    | { readonly type: 'template'; readonly maxLength: number; readonly placeholders: readonly string[] }
    | { readonly type: 'boolean'; readonly default: boolean }
    | { readonly type: 'choice'; readonly default?: string; readonly values: readonly string[] }
    /** Some of the values, in an order that may mean something, each at most once. */
    | {
        readonly type: 'choices';
        readonly default: readonly string[];
        readonly values: readonly string[];
        /** Why none of them is refused, as a clause, and what to do. Absent where none is allowed. */
        readonly whenEmpty?: string;
      }
    /** Names of environment variables. */
    | { readonly type: 'variables'; readonly default: readonly string[]; readonly maxItems: number }
    /** Words that may stand for an argument: not empty, and none begins with "-". */
    | { readonly type: 'texts'; readonly maxItems: number; readonly maxLength: number }
    /** Where a program is to connect to: a host name, an address, or `user@host`. */
    | { readonly type: 'host'; readonly default: string }
    /** A program and its arguments, run without a shell. */
    | {
        readonly type: 'argv';
        readonly maxItems: number;
        readonly maxLength: number;
        readonly placeholders: readonly string[];
        /** Whether a placeholder must be a whole argument, so that what fills it stays one. */
        readonly whole?: boolean;
      }
  );
