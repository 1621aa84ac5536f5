/**
 * What V8 makes of a part of the program, for src/code-cache.ts to load it with. The part is run for that, as far as it is at
 * a start: V8 compiles a function when it is first called, and keeps what it has compiled by then.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folderOfScripts = path.dirname(fileURLToPath(import.meta.url));

/**
 * The file of the code cache of the part with this file name.
 * @param {{ call: string, args: unknown[], input: string }} start the function of the part that is called, and stdin
 */
export async function codeCacheOf(name, contents, { call, args, input }) {
  if (contents.some((byte) => byte > 127)) throw new Error('a part with a code cache must be ASCII');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-build-'));
  try {
    const file = path.join(folder, name);
    const maker = path.join(folder, 'maker.cjs');
    writeFileSync(file, contents);
    writeFileSync(maker, await bundledMaker());
    const { PATH, SystemRoot, TMPDIR, TEMP, TMP } = process.env;
    // Nothing of whoever builds: flags in NODE_OPTIONS would make a cache that fits nowhere else.
    const env = { PATH, SystemRoot, TMPDIR, TEMP, TMP, HOME: folder, USERPROFILE: folder };
    const { status, stderr } = spawnSync(process.execPath, [maker, file, call, JSON.stringify(args)], {
      cwd: folder,
      input,
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...env, MCP_DISPATCH_DIR: path.join(folder, 'relay'), MCP_DISPATCH_AGENT_ID: 'alice' },
    });
    if (status !== 0) throw new Error(`a code cache cannot be made: ${call} ended with ${status}: ${stderr}`);
    return readFileSync(`${file}.cache`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bundledMaker() {
  const { outputFiles } = await build({
    entryPoints: [path.join(folderOfScripts, 'code-cache-maker.mjs')],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'warning',
    define: { 'import.meta.dirname': '__dirname' },
  });
  return outputFiles[0].contents;
}
