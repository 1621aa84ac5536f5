#!/usr/bin/env node
/**
 * Checks the Node version, then loads main. The import is a dynamic one because static imports run first: on an old
 * Node the code behind them could fail, for reasons that help nobody, before the check is reached.
 */
const OLDEST_NODE = 20;

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  process.stderr.write(
    `mcp-dispatch needs Node ${OLDEST_NODE} or newer, and this is Node ${process.versions.node} (${process.execPath}).\n` +
      'Install a newer Node, or name the path of a newer one as the command in your MCP client configuration.\n',
  );
  process.exitCode = 2;
} else {
  void import('./main.js').then(({ main }) => main(process.argv.slice(2)));
}
