/** The composition root of the workers that servers start by themselves: from `[worker]` to what may be started, and how. */
import { join, parse } from 'node:path';
import type { Config } from './config/config.js';
import { findHome } from './config/paths.js';
import { takes } from './model/job.js';
import type { SpawnTarget } from './relay/jobs/autospawn.js';
import type { LaneList } from './relay/jobs/lane-list.js';
import { SpawnWatch } from './relay/jobs/spawn-watch.js';
import type { Relay } from './relay/relay.js';
import { Files } from './store/filesystem/files.js';
import { spawnLogIn } from './worker/spawn-log.js';
import { launchWith } from './worker/spawn-process.js';

/** What servers may start workers for. */
export function spawnTargetsOf(
  { autospawn, executors, lanes: configured }: Config,
  relayDir: string,
  lanes: LaneList | undefined,
): SpawnTarget[] {
  return autospawn.names.map((name): SpawnTarget => {
    const executor = executors.get(name);
    const isLanes = executor === undefined;
    const { writeArgv } = executor ?? configured?.executor ?? {};
    const writes = writeArgv === undefined ? 'none' : autospawn.writes;
    return {
      name,
      isLanes,
      addresses: async () => (isLanes ? ((await lanes?.list()) ?? []) : [name]),
      takes: (job) => (isLanes || job.from !== name) && takes(writes, job),
      log: spawnLogIn(relayDir, name),
    };
  });
}

/** Who starts workers in a server, once it is told to begin. Undefined where none is to be started. */
export function spawnWatchOf(relay: Relay, config: Config, umask: number): SpawnWatch | undefined {
  const { autospawn } = relay.jobs;
  if (autospawn === undefined || config.file === undefined) return undefined;
  const files = new Files();
  const launch = launchWith({
    files,
    program: join(import.meta.dirname, 'mcp-dispatch.cjs'),
    config: config.file,
    relay: relay.store.location,
    envOf: (name) => (config.executors.get(name) ?? config.lanes?.executor)?.env ?? [],
    env: process.env,
    cwd: () => homeOrRoot(files),
    umask,
  });
  return new SpawnWatch(relay, autospawn, launch);
}

/** Not where the client is: that folder may be unmounted while the worker lives. The home of many is a link. */
function homeOrRoot(files: Files): string {
  const home = findHome();
  try {
    if (home !== undefined && files.kindOf(files.realPath(home)) === 'directory') return home;
  } catch {
    // It is not there, or not to be seen.
  }
  return parse(process.execPath).root;
}
