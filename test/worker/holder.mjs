/** Stands in for a worker: `node holder.mjs <keeper.cjs> <run orders as JSON>` has a keeper run them, and prints what it is told. */
import { spawn } from 'node:child_process';

const [program, orders] = process.argv.slice(2);
const keeper = spawn(process.execPath, [program], {
  detached: true,
  env: {},
  stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
});
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
say({ keeper: keeper.pid });
keeper.on('message', say);
for (const order of JSON.parse(orders)) keeper.send({ do: 'run', order });
