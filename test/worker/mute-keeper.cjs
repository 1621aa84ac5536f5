/** A keeper that is killed between the start of a program and the word about it. */
const { spawn } = require('node:child_process');
const { mkdirSync } = require('node:fs');

process.on('message', ({ order: { folder, program, args, cwd, env } }) => {
  mkdirSync(folder);
  spawn(program, args, { cwd, env: Object.fromEntries(env), detached: true, stdio: 'ignore' });
  process.kill(process.pid, 'SIGKILL');
});
