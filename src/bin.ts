#!/usr/bin/env node
/**
 * Checks the Node version, then loads the part of the program that is asked for: the server, the commands, or a hook. The
 * import of a part is a dynamic one because static imports run first: on an old Node the code behind them could fail, for
 * reasons that help nobody, before the check is reached.
 */
import { loadCompiled } from './code-cache.js';

const OLDEST_NODE = 20;

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  process.stderr.write(
    `mcp-dispatch needs Node ${OLDEST_NODE} or newer, and this is Node ${process.versions.node} (${process.execPath}).\n` +
      'Install a newer Node, or name the path of a newer one as the command in your MCP client configuration.\n',
  );
  // To a client, 2 from a hook means that it forbids what was about to happen.
  process.exitCode = process.argv[2] === 'hook' ? 0 : 2;
} else if (process.argv[2] === 'hook') {
  // While another version is put in place, the part can be missing or not fit: no reason to end a client's turn.
  load('hook.cjs', () => import('./hook-main.js'))
    .then(({ hookMain }) => hookMain(process.argv.slice(3)))
    .catch((error: unknown) => {
      process.stderr.write(`mcp-dispatch hook: ${error instanceof Error ? error.message.split('\n')[0] : 'failed'}\n`);
    });
} else if (process.argv.length > 2) {
  void load('command.cjs', () => import('./command-main.js')).then(({ commandMain }) =>
    commandMain(process.argv.slice(2)),
  );
} else {
  void load('main.cjs', () => import('./main.js')).then(({ main }) => main());
}

/** The part, from its code cache where there is one. */
async function load<T>(file: string, part: () => Promise<T>): Promise<T> {
  loadCompiled(file);
  return part();
}
