/**
 * Built-in modules of Node that are needed rarely and cost a start-up 1 to 2 ms each: loaded when they are first used, and
 * synchronously, which `import()` cannot do.
 */
import { createRequire } from 'node:module';

/** A function that gives the module, loading it the first time. */
export function lazyBuiltin<T>(name: `node:${string}`): () => T {
  let loaded: T | undefined;
  return () => {
    // Any absolute path will do to resolve a built-in.
    loaded ??= createRequire(process.execPath)(name) as T;
    return loaded;
  };
}
