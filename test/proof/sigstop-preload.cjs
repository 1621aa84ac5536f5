// Loaded before a server, which then stops itself once: STOP_AT is "before" or "after", a function of node:fs, and a part
// of one of its paths, such as "after renameSync /taken/".
const fs = require('node:fs');

const [when, name, part] = process.env.STOP_AT.split(' ');
const real = fs[name];
let stopped = false;
fs[name] = (...args) => {
  const isHere = !stopped && args.some((arg) => typeof arg === 'string' && arg.includes(part));
  if (isHere) stopped = true;
  if (isHere && when === 'before') process.kill(process.pid, 'SIGSTOP');
  const result = real(...args);
  if (isHere && when === 'after') process.kill(process.pid, 'SIGSTOP');
  return result;
};
require('node:module').syncBuiltinESMExports();
