// Loaded before the server: the system has no watch left to give.
const fs = require('node:fs');
const fail = (path) => {
  throw Object.assign(new Error(`ENOSPC: System limit for number of file watchers reached, watch '${path}'`), {
    code: 'ENOSPC',
    errno: -28,
    syscall: 'watch',
    path,
  });
};
fs.watch = fail;
fs.watchFile = fail;
require('node:module').syncBuiltinESMExports();
