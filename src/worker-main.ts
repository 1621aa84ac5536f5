/** The module `mcp-dispatch/worker`. Its code is in the part that the commands are, where all of it is needed too. */
export { runWorker } from './command-main.js';
