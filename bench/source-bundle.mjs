/** Code of src/ itself, bundled on the fly: what the bench makes with it cannot drift from what the server reads. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Path of a module in `temp` that runs `code`, whose imports are relative to the root of the project. */
export async function bundleSource(temp, name, code) {
  const outfile = path.join(temp, `${name}.mjs`);
  await build({
    stdin: { contents: code, resolveDir: root, sourcefile: `${name}.ts`, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  return outfile;
}
