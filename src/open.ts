/** The relay as configured: what the server and the commands are composed of. */
import type { App, Place } from './cli/app.js';
import type { Config } from './config/config.js';
import { lazy } from './model/lazy.js';
import type { Project } from './model/project.js';
import { linesForTerminal } from './model/text.js';
import { parseTopicList } from './model/topic.js';
import type { LaneList } from './relay/jobs/lane-list.js';
import type { Lanes, OperatorText } from './relay/lanes/lanes.js';
import { findWorkingDirectory } from './relay/working-directory.js';
import type { Ancestry } from './store/processes.js';

/** The relay as configured, or at `place`. Nothing is read or written there before the first use. */
export async function open(
  env: NodeJS.ProcessEnv,
  folder?: string,
  place?: Place,
): Promise<Omit<App, 'project'> & { readonly project: () => Project; readonly processes: Ancestry }> {
  const { loadConfig } = await import('./config/load.js');
  const { Files } = await import('./store/filesystem/files.js');
  const { findOthers, readOperatorFile } = await import('./store/filesystem/operator-file.js');
  const files = new Files(undefined, log);
  const named = place === undefined ? env : { ...env, MCP_DISPATCH_CONFIG: place.config };
  const config = await loadConfig(named, (file) => findOthers(files, file));
  const { FilesystemStore } = await import('./store/filesystem/filesystem-store.js');
  const { ProcessTable } = await import('./store/filesystem/process-table.js');
  const { Relay } = await import('./relay/relay.js');
  const { findProject, projectRelayPath } = await import('./store/filesystem/project-folder.js');
  const { findHome } = await import('./config/paths.js');
  // Not CLAUDE_PROJECT_DIR: where it is set it says the same, and other clients inherit it from the shells of Claude Code.
  // When it is needed: Node remembers the directory that it is asked for, and a folder can be removed.
  const project = lazy(() => findProject(folder ?? findWorkingDirectory(), findHome(), files));
  const configured = () =>
    config.scope === 'project' ? projectRelayPath(config.relayDir, project().repository) : config.relayDir;
  const relayDir = place?.relay ?? configured();
  const processes = new ProcessTable(files);
  const lanes = await lanesOf(config, (path) => readOperatorFile(files, path));
  const relay = new Relay({
    store: new FilesystemStore(relayDir, { files, durability: config.durability }),
    processes,
    roster: config.agents,
    maxMessageBytes: config.maxMessageBytes,
    defaultTtlSeconds: config.defaultTtlSeconds,
    receiptRetentionSeconds: config.receiptRetentionSeconds,
    logRetentionSeconds: config.logRetentionSeconds,
    logContent: config.logContent,
    limits: config.limits,
    watch: config.watch,
    sessionTopics: parseTopicList(config.topics ?? '').topics,
    executors: [...config.executors.keys()],
    lanes: config.operatorProblem === undefined ? lanes : await noLanes(config.operatorProblem),
    autospawn: config.autospawn.names.length === 0 ? [] : await targetsOf(config, relayDir, lanes),
    warn: log,
  });
  return { config, relay, project, processes, ...(lanes === undefined ? {} : { lanes }) };
}

/** Nothing is read there before the first use, and then at each. */
async function lanesOf({ lanes }: Config, read: (path: string) => OperatorText): Promise<Lanes | undefined> {
  if (lanes === undefined) return undefined;
  const { Lanes } = await import('./relay/lanes/lanes.js');
  return new Lanes({ ...lanes, read: () => read(lanes.repos) });
}

async function targetsOf(...args: Parameters<typeof import('./autospawn.js').spawnTargetsOf>) {
  const { spawnTargetsOf } = await import('./autospawn.js');
  return spawnTargetsOf(...args);
}

async function noLanes(problem: string): Promise<LaneList> {
  const { lanesRefusedBecause } = await import('./relay/lanes/lanes.js');
  return lanesRefusedBecause(`The configuration of this server is not safe: ${problem}`);
}

/** Says something to the person at the terminal. */
export function log(text: string): void {
  // Paths and names of files may hold anything.
  process.stderr.write(`[dispatch] ${linesForTerminal(text).join('\n')}\n`);
}
