/** The composition root of the keeper, a program of its own: what starts it is the worker, and nobody else. */
import { keep } from './worker/keeper-host.js';

process.umask(0o077);
if (process.send === undefined) {
  process.stderr.write('The keeper is started by `mcp-dispatch worker`. Run that.\n');
  process.exitCode = 2;
} else {
  keep();
}
