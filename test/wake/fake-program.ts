/** Programs in a folder of the test, in the place of real ones. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Writes `name` into `folder`: a script that notes its arguments as a line of JSON in `<name>.calls`, then runs `then`. */
export function fakeProgram(folder: string, name: string, then = ''): { readonly calls: string } {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  const calls = `${file}.calls`;
  const script = [
    `#!${process.execPath}`,
    `const fs = require('node:fs');`,
    `fs.appendFileSync(${JSON.stringify(calls)}, JSON.stringify(process.argv.slice(2)) + '\\n');`,
    then,
    '',
  ].join('\n');
  writeFileSync(file, script);
  chmodSync(file, 0o755);
  return { calls };
}
