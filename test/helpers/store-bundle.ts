/** Makes a program of a helper and the sources it imports, for tests that need other processes. */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles `test/helpers/<name>` into `directory` and returns the path of the program, which anybody may run. */
export async function bundleHelper(directory: string, name: string): Promise<string> {
  const outfile = join(directory, name.replace(/\.ts$/, '.cjs'));
  await build({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'warning',
  });
  chmodSync(outfile, 0o755);
  return outfile;
}
