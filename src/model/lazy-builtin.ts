/**
 * Built-in modules of Node that are needed rarely and cost a start-up 1 to 2 ms each: loaded when they are first used, and
 * synchronously, which `import()` cannot do.
 */
import { createRequire } from 'node:module';
import { lazy } from './lazy.js';

/** A function that gives the module, loading it the first time. */
export function lazyBuiltin<T>(name: `node:${string}`): () => T {
  // Any absolute path will do to resolve a built-in.
  return lazy(() => createRequire(process.execPath)(name) as T);
}
