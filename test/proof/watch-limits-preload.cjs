// Loaded before a server: starts it anew in a user namespace of its own, where WATCH_LIMIT (such as
// "max_inotify_watches") is 0. The limits of everybody else stay as they are.
const { spawnSync } = require('node:child_process');

const limit = process.env.WATCH_LIMIT;
if (limit !== undefined) {
  const { WATCH_LIMIT: _limit, ...env } = process.env;
  const script = `echo 0 > /proc/sys/user/${limit} && exec "$0" "$@"`;
  const { status } = spawnSync('unshare', ['-U', '-r', 'sh', '-c', script, process.execPath, process.argv[1]], {
    env,
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}
