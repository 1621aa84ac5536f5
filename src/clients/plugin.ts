/** The plugin of a client that brings this server and its hooks: beside it, an entry of ours would make two of each. */
import type { Client } from './client.js';
import { openDocument } from './client-file.js';
import { SERVER_NAME } from './launch.js';
import type { Machine } from './machine.js';

/** The name of our plugin where it is enabled, with the file that says so. @throws SetupProblem for a file that cannot be read. */
export function findPlugin(
  client: Client,
  machine: Machine,
): { readonly name: string; readonly file: string } | undefined {
  for (const { file, syntax, path } of client.plugins?.(machine) ?? []) {
    const plugins = openDocument(file, syntax).doc.get(path);
    if (typeof plugins !== 'object' || plugins === null) continue;
    for (const [name, enabled] of Object.entries(plugins))
      if (enabled === true && name.startsWith(`${SERVER_NAME}@`)) return { name, file };
  }
  return undefined;
}
