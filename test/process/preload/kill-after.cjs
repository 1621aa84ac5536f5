// Loaded before the server: the process kills itself right after the KILL_AFTERth call of KILL_CALL with a path that fits KILL_PATH.
const fs = require('node:fs');
const { KILL_CALL, KILL_PATH, KILL_AFTER } = process.env;
const fits = new RegExp(KILL_PATH);
const original = fs[KILL_CALL];
let left = Number(KILL_AFTER);
fs[KILL_CALL] = (...given) => {
  const result = original(...given);
  if (given.some((value) => typeof value === 'string' && fits.test(value)) && --left === 0)
    process.kill(process.pid, 'SIGKILL');
  return result;
};
require('node:module').syncBuiltinESMExports();
