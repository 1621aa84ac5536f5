/** The composition root of the commands: the relay as configured, and a look at what holds it. The worker as a module is in the same part. */
import './model/plain-schemas.js';
import type { App, Place } from './cli/app.js';
import { runCommand } from './cli/program.js';
import { open } from './open.js';

export { runWorker } from './run-worker.js';

/** Runs one command, and sets the exit code. */
export async function commandMain(argv: readonly string[]): Promise<void> {
  const umask = process.umask(0o077);
  const openApp = (env: NodeJS.ProcessEnv, place?: Place) => openForCommand(env, umask, place);
  process.exitCode = await runCommand(argv, { open: openApp, version: __VERSION__ });
}

/** The same with a look at the directory itself, which only commands take. */
async function openForCommand(env: NodeJS.ProcessEnv, umask: number, place: Place | undefined): Promise<App> {
  const app = await open(env, undefined, place);
  const { FilesystemInspection } = await import('./store/filesystem/inspection.js');
  return {
    ...app,
    umask,
    ringForPerson: async () => {
      const { PersonBell } = await import('./wake/person-bell.js');
      return PersonBell.start(app.relay, app.config.wake);
    },
    project: app.project(),
    ancestry: app.processes,
    inspection: new FilesystemInspection(app.relay.store.location, { program: import.meta.filename }),
  };
}
