/** What is to be known of the executors and lanes of a configuration, though nothing is wrong with them. */
import type { Config } from '../config/config.js';
import { type Executor, isBehindDashes, placeholderOf } from '../model/executor.js';

/** A sentence for each template in which a job's words could be an option, so that a worker refuses some of them. */
export function exposedWords({ executors, lanes }: Pick<Config, 'executors' | 'lanes'>): string[] {
  const all = [...executors].map(([agent, executor]): [string, Executor, string] => [
    `executors.${agent}`,
    executor,
    'prompt',
  ]);
  if (lanes !== undefined) all.push(['lanes', lanes.executor, 'task']);
  return all.flatMap(([table, { argv, writeArgv = [] }, words]) =>
    Object.entries({ argv, write_argv: writeArgv })
      .filter(([, command]) => isExposed(command, words))
      .map(
        ([key]) =>
          `${table}.${key} has no "--" right before {${words}}, so a job whose text begins with "-" is refused. Put one there if the program knows it, or use stdin.`,
      ),
  );
}

/** A sentence for each executor whose started workers would do jobs about the operator's home folder. */
export function startedAtHome({
  autospawn,
  executors,
  lanes,
}: Pick<Config, 'autospawn' | 'executors' | 'lanes'>): string[] {
  return autospawn.names.flatMap((name) => {
    const [table, executor] = executors.has(name)
      ? [`executors.${name}`, executors.get(name)]
      : ['lanes', lanes?.executor];
    return executor === undefined || executor.cwd !== undefined
      ? []
      : [
          `${table} has no cwd, so a worker that is started by itself (worker.autospawn) does its jobs in your home folder. Write the folder of your repository there.`,
        ];
  });
}

function isExposed(argv: readonly string[], words: string): boolean {
  return argv.some((argument, index) => placeholderOf(argument) === words && !isBehindDashes(argv, index));
}
