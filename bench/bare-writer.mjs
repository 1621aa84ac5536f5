/** A process that publishes files and does nothing else: what fan-in is measured against. Told how many, it says when it has. */
import process from 'node:process';
import { createInterface } from 'node:readline';
import { publish } from './publish.mjs';

const [, , aside, folder, size] = process.argv;
const bytes = Buffer.alloc(Number(size), 'a');

for await (const line of createInterface({ input: process.stdin })) {
  const count = Number(line);
  for (let index = 0; index < count; index++) publish(aside, folder, bytes);
  process.stdout.write(`${count}\n`);
}
