/**
 * Judges what a file holds, once it is known to be TOML.
 *
 * 1. Walk the tables there are: the top level, `[dispatch]`, and those of the schema in either; else a key is unknown.
 * 2. Judge each setting by the schema; a setting in both places is a problem even if the values agree.
 * 3. Judge each executor, the lanes, and what is to be started by itself, as a whole, where nothing is wrong with their parts.
 */
import { autospawnFaults } from './autospawn-rule.js';
import { EXECUTOR_RULE, executorNameProblem, LANE_RULE, type Template, templateProblems } from './executor-rules.js';
import {
  agentOf,
  EXECUTOR,
  isTable,
  KNOWN,
  leafOf,
  nameOf,
  rowOf,
  showPath,
  TABLES,
  type Table,
  tableOf,
  unknownKeys,
} from './known-keys.js';
import { type ExecutorValues, SECTION, type Values } from './schema.js';
import { judge } from './validate.js';

/** A problem without its place. */
export interface Finding {
  readonly path: readonly string[];
  readonly index?: number;
  readonly message: string;
}

/** What a file sets. */
export interface Contents {
  readonly values: Values;
  /** By agent, in the order of the file, those under `[dispatch]` last. */
  readonly executors: ReadonlyMap<string, ExecutorValues>;
}

export const NO_CONTENTS: Contents = { values: {}, executors: new Map() };

export function walkTables(root: Table, home: string | undefined): Contents & { findings: readonly Finding[] } {
  const walk = new Walk(home);
  // [dispatch] last, wherever it stands: of two places that set a key, the one under it is the one to report.
  const { [SECTION]: section, ...top } = root;
  walk.table(top, []);
  if (section !== undefined) walk.table({ [SECTION]: section }, []);
  return walk.end();
}

class Walk {
  readonly #findings: Finding[] = [];
  readonly #values = new Map<string, unknown>();
  readonly #executors = new Map<string, Map<string, unknown>>();
  /** Where each table and key was first met, by name. */
  readonly #places = new Map<string, readonly string[]>();
  /** The names of tables in which something is wrong. */
  readonly #faulty = new Set<string>();

  constructor(private readonly home: string | undefined) {}

  table(table: Table, at: readonly string[]): void {
    for (const [key, value] of Object.entries(table)) {
      const path = [...at, key];
      const row = rowOf(path);
      const setting = KNOWN.get(row);
      if (setting !== undefined) this.#setting(setting, value, path);
      else if (!TABLES.has(row)) this.#find(...unknownKeys(path, value));
      else if (!isTable(value)) {
        this.#find({ path, message: `this must be one table: write [${showPath(path)}] and the keys below it.` });
      } else {
        this.#meet(nameOf(path), path);
        if (row === EXECUTOR) this.#executor(path);
        this.table(value, path);
      }
    }
  }

  end(): Contents & { findings: readonly Finding[] } {
    const executors = new Map(
      [...this.#executors].map(([agent, values]) => [agent, Object.fromEntries(values) as ExecutorValues]),
    );
    for (const [agent, values] of executors) this.#judgeWhole(`executors.${agent}`, values, EXECUTOR_RULE);
    const values = Object.fromEntries(this.#values) as Values;
    // Without a command there are no lanes, whatever else is said of them.
    if (values['lanes.argv'] !== undefined || values['lanes.write_argv'] !== undefined) {
      const { 'lanes.argv': argv, 'lanes.write_argv': write_argv, 'lanes.stdin': stdin } = values;
      this.#judgeWhole('lanes', { argv, write_argv, stdin }, LANE_RULE);
    }
    if (!this.#faulty.has('worker')) {
      const path = this.#places.get('worker.autospawn') ?? [];
      this.#findings.push(...autospawnFaults(values, executors).map((fault) => ({ path, ...fault })));
    }
    return { values, executors, findings: this.#findings };
  }

  #setting(setting: Parameters<typeof judge>[0], value: unknown, path: readonly string[]): void {
    const name = nameOf(path);
    // TOML has no key twice in one table, so the other one is not under [dispatch].
    if (this.#places.has(name)) {
      const place = tableOf(name) === '' ? 'at the top of the file' : `under [${tableOf(name)}]`;
      this.#find({ path, message: `this is also set ${place}. Keep one of the two.` });
    }
    this.#meet(name, path);
    const verdict = judge(setting, value, this.home);
    if (verdict.faults !== undefined) this.#find(...verdict.faults.map((fault) => ({ path, ...fault })));
    else if (tableOf(setting.key) !== EXECUTOR) this.#values.set(name, verdict.value);
    else this.#executors.get(agentOf(path))?.set(leafOf(name), verdict.value);
  }

  #executor(path: readonly string[]): void {
    const agent = agentOf(path);
    const problem = executorNameProblem(agent);
    if (problem !== undefined) this.#find({ path, message: problem });
    else if (!this.#executors.has(agent)) this.#executors.set(agent, new Map());
  }

  #judgeWhole(table: string, template: Template, rule: typeof EXECUTOR_RULE): void {
    if (this.#faulty.has(table)) return;
    for (const { key, message } of templateProblems(template, rule)) {
      this.#find({ path: this.#places.get(`${table}.${key}`) ?? this.#places.get(table) ?? [table], message });
    }
  }

  #meet(name: string, path: readonly string[]): void {
    if (!this.#places.has(name)) this.#places.set(name, path);
  }

  #find(...findings: readonly Finding[]): void {
    for (const { path } of findings) this.#faulty.add(tableOf(nameOf(path)));
    this.#findings.push(...findings);
  }
}
