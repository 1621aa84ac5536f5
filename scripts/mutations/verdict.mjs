/**
 * What a run of the tests says of a defect. Only a test that ran and found something wrong catches it: an edit that is no
 * program, or a test that waits for ever, would fail whatever the test looks at.
 */

// How it fails then; STACK_TRACE_ERROR is what the report of vitest has of a timeout. An assertion says `AssertionError`, or
// `Error` where it awaits a promise.
const SAYS_NOTHING =
  /^(?:ReferenceError|SyntaxError|TypeError|Error: (?:STACK_TRACE_ERROR|Transform failed|Cannot find|Failed to (?:load|resolve)))/;

/**
 * @param report of vitest, as its JSON reporter writes it; undefined when the run wrote none.
 * @returns `caught` with the first test that did and what it said, `survived`, or `broken` with why nothing can be said.
 */
export function verdictOf(report) {
  if (report === undefined) return { state: 'broken', why: 'the tests did not come to an end' };
  const tests = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ status, fullName, failureMessages }) => {
      return { file: name, test: fullName.trim(), status, said: firstLine(failureMessages?.[0]) };
    }),
  );
  const failed = tests.filter(({ status }) => status === 'failed');
  const caught = failed.find(({ said }) => !SAYS_NOTHING.test(said));
  if (caught !== undefined) return { state: 'caught', file: caught.file, test: caught.test, said: caught.said };
  if (failed.length > 0) return { state: 'broken', why: `${failed[0].test}: ${failed[0].said}` };
  const outside = report.testResults.find(({ status }) => status === 'failed');
  if (outside !== undefined) return { state: 'broken', why: firstLine(outside.message) };
  if (!tests.some(({ status }) => status === 'passed')) return { state: 'broken', why: 'no test was executed' };
  if (report.success !== true) return { state: 'broken', why: 'something failed outside of the tests' };
  return { state: 'survived' };
}

function firstLine(text) {
  return (text ?? '').split('\n')[0] || 'it failed without a word';
}
