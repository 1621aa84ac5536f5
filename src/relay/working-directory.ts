/** Where this process works, for people to tell windows apart. Nothing is decided by it. */

/** Undefined where the directory was removed: a window may outlive the folder that it was opened in. */
export function findWorkingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}
