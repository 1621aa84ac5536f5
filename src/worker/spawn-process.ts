/**
 * Starts workers as processes of their own: in a session of their own, so that nothing that ends a window ends them, with nothing
 * of this process but the variables that the operator names, and with a log for all that they say.
 */
import { lazyBuiltin } from '../model/lazy-builtin.js';
import type { Launch } from '../relay/jobs/autospawn.js';
import type { Files } from '../store/filesystem/files.js';
import { buildEnvironment } from './environment.js';
import { withSpawnLog } from './spawn-log.js';

const childProcess = lazyBuiltin<typeof import('node:child_process')>('node:child_process');

export interface SpawnOptions {
  readonly files: Files;
  /** What Node runs: the built mcp-dispatch.cjs. */
  readonly program: string;
  /** Paths, absolute: what the variables of the server say is not inherited. */
  readonly config: string;
  readonly relay: string;
  /** Names of variables, of what the operator has written under this name. */
  envOf(name: string): readonly string[];
  /** Of this process. */
  readonly env: NodeJS.ProcessEnv;
  /** A folder that is nobody's window, as it is now. */
  cwd(): string;
  /** What the operator makes files with. */
  readonly umask: number;
}

/** Starts the worker of an order. Untested on Windows, where a detached process has a console of its own instead of a session. */
export function launchWith(options: SpawnOptions): Launch {
  const { files, program, env } = options;
  return ({ target, id }, lost) => {
    const missing = [process.execPath, program].find((path) => files.kindOf(path) === 'missing');
    if (missing !== undefined) throw new Error(`${missing} is gone, as after an update: start the client anew`);
    const variables = Object.fromEntries(buildEnvironment(options.envOf(target.name), env));
    const inherited = inheritable(files);
    const cwd = options.cwd();
    const start = (log: number, none: number) =>
      childProcess().spawn(process.execPath, argumentsOf(options, target, id), {
        detached: true,
        cwd,
        // Node hands NODE_V8_COVERAGE on to each child that is not told otherwise.
        env: { NODE_V8_COVERAGE: undefined, ...variables },
        stdio: ['ignore', log, log, ...instead(inherited, none)],
        windowsHide: true,
      });
    const child = withSpawnLog(files, target.log, (log) =>
      inherited.length === 0 ? start(log, log) : files.withOpen('/dev/null', (none) => start(log, none)),
    );
    child.once('error', ({ message }) => lost(message));
    child.once('exit', (code, signal) => lost(`its process ended with ${signal ?? `exit code ${code}`}`));
    child.unref();
    if (child.pid === undefined) {
      const why = 'may it be run, can that folder be entered, and are processes left';
      throw new Error(`${process.execPath} could not be started in ${cwd}: ${why}?`);
    }
    return child.pid;
  };
}

type Order = Parameters<Launch>[0];

function argumentsOf(options: SpawnOptions, { name, isLanes }: Order['target'], id: string): string[] {
  const { program, config, relay, umask } = options;
  return [
    program,
    'worker',
    ...(isLanes ? ['--lanes'] : ['--agent', name]),
    // What it may do, and for how long, is for the configuration to say as it is then.
    ...['--start', id, '--config', config, '--relay', relay, '--umask', umask.toString(8)],
  ];
}

const CLOSED_ON_EXEC = 0o2000000;

/**
 * The descriptors from 3 on that a process which is started here would have too. Node closes those of its own, but not what a
 * client had open when it started this one: a pipe that somebody waits on would not end before the worker does. Linux only.
 */
function inheritable(files: Files): number[] {
  return files
    .list('/proc/self/fd')
    .map(Number)
    .filter((fd) => {
      const flags = /^flags:\s*([0-7]+)$/m.exec(files.readKernelFile(`/proc/self/fdinfo/${fd}`) ?? '')?.[1];
      return fd > 2 && flags !== undefined && (Number.parseInt(flags, 8) & CLOSED_ON_EXEC) === 0;
    });
}

/** The stdio from 3 on in which each of these is `fd`, since Node can replace a descriptor and not close it. */
function instead(inherited: readonly number[], fd: number): (number | 'ignore')[] {
  const last = Math.max(2, ...inherited);
  return Array.from({ length: last - 2 }, (_, index) => (inherited.includes(index + 3) ? fd : 'ignore'));
}
