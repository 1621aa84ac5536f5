/** In a clone: whether what runs was built from what is there. Clients start what is built. */
import { basename, dirname, join } from 'node:path';
import type { DirectoryCheck } from './inspection.js';
import { walk } from './inspection-tree.js';

export const staleBuild: DirectoryCheck = {
  code: 'build-stale',
  async run({ files, program }) {
    if (program === undefined || basename(dirname(program)) !== 'dist') return [];
    const sources = join(dirname(dirname(program)), 'src');
    const builtAt = files.modifiedAt(program);
    if (builtAt === undefined || files.kindOf(sources) !== 'directory') return [];
    if (!walk(files, sources).some(({ stat }) => stat.mtimeMs > builtAt)) return [];
    const message = `Its sources have changed since it was built, so servers run older code. Run: npm run build in ${dirname(sources)}, then restart the servers.`;
    return [{ severity: 'warning', path: program, message }];
  },
};
