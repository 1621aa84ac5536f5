/** The version in package.json, put in by scripts/build.mjs and, for the tests, by vitest.config.ts. */
declare const __VERSION__: string;
