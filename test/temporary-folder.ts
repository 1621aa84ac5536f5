/**
 * One folder for the temporary files of a run, of tests and of what they start. It goes with the run, also what a test that
 * was interrupted has left.
 */
import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { spreadFolders } from '../bench/new-files.mjs';

export default function setup(): () => void {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-test-')));
  // For the tests that run as another user.
  chmodSync(folder, 0o711);
  // Tests remove many files, and that makes new ones slow.
  spreadFolders(folder);
  // Windows has two names for it. The workers inherit them.
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
