// Loaded before the server: it is started under the umask UMASK, in octal.
process.umask(Number.parseInt(process.env.UMASK, 8));
