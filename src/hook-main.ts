/**
 * The composition root of `mcp-dispatch hook`: configuration, store, and no more of the relay than a hook needs. A file of its
 * own in the built program, since a model waits for each of its starts.
 */
import { type HookDesk, processHookWorld, runHook } from './cli/hook.js';
import { loadConfig } from './config/load.js';
import { findHome } from './config/paths.js';
import { systemClock as clock } from './model/clock.js';
import { Presence } from './relay/presence.js';
import { Files } from './store/filesystem/files.js';
import { FilesystemStore } from './store/filesystem/filesystem-store.js';
import { ProcessTable } from './store/filesystem/process-table.js';
import { findProject, projectRelayPath } from './store/filesystem/project-folder.js';

/** Runs one hook of a client. `argv` begins with the client's name. */
export async function hookMain(argv: readonly string[]): Promise<void> {
  process.umask(0o077);
  await runHook(argv, processHookWorld(open));
}

async function open(env: NodeJS.ProcessEnv, folder: string | undefined): Promise<HookDesk> {
  const config = await loadConfig(env);
  // Its server warns of what is to be warned of.
  const files = new Files(undefined, () => {});
  // As in main.ts.
  const relayDir =
    config.scope === 'project'
      ? projectRelayPath(config.relayDir, findProject(folder, findHome(), files).repository)
      : config.relayDir;
  const store = new FilesystemStore(relayDir, { files });
  const processes = new ProcessTable(files);
  const mail = async () => (await import('./main.js')).openMail(env, folder);
  return { office: { store, clock, presence: new Presence(store, clock, processes), mail }, ancestry: processes };
}
