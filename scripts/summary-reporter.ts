/** Prints `N passed, N failed` as the last line of a test run. A run that executed no test is a failed one. */
import process from 'node:process';
import type { Reporter, SerializedError, TestModule, TestSuite } from 'vitest/node';

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    let passed = 0;
    let skipped = 0;
    // What fails outside of a test (a file that cannot be loaded, an afterAll, a stray rejection) counts as one failure
    // each: the line never says "0 failed" of a run that failed.
    let failed = unhandledErrors.length;
    for (const module of modules) {
      failed += countBroken(module);
      for (const suite of module.children.allSuites()) failed += countBroken(suite);
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        else if (state === 'failed') failed += 1;
        else skipped += 1;
      }
    }
    if (passed + failed === 0) process.exitCode = 1;
    // After the reporters that are called in the same turn.
    process.once('exit', () => {
      if (passed + failed === 0) process.stdout.write('No test was executed.\n');
      process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
    });
  }
}

function countBroken(part: TestModule | TestSuite): number {
  return part.errors().length > 0 ? 1 : 0;
}
