/** The tables of the mutation check: `docs/mutations.md`, and what a run prints. */

const HEAD = `# Mutation check

A test suite is worth what it would catch. Each row is a defect that somebody could bring into the program: a line left
out, an order turned round, a limit off by one. \`npm run mutations\` puts them one at a time into a copy of the repository
and runs the test named beside it. An assertion of that test has to fail: a file that cannot be loaded, or a test that
waits for ever, does not count. The workflow \`nightly\` does the same each night. A defect whose text is no longer found in
its file, or whose test is gone, fails \`npm test\`, so the list cannot go stale unseen.

\`\`\`sh
npm run mutations                                # every defect, some minutes
npm run mutations -- inbox-folder-not-synced     # these
npm run mutations -- --whole size-not-checked    # on the whole suite, not only on the named test
npm run mutations -- --write-docs                # this page from scripts/mutations/; tries nothing
\`\`\`
`;

/** The page, from the groups of defects. */
export function renderPage(groups) {
  const count = groups.reduce((sum, { defects }) => sum + defects.length, 0);
  const sections = groups.map(({ title, defects }) => {
    const rows = defects.map(({ name, promise, file, caughtBy }) =>
      row(name, promise, `\`${file}\``, `\`${caughtBy.file}\`: ${caughtBy.title}`),
    );
    return `\n## ${title}\n\n| defect | breaks the promise | in | caught by |\n|---|---|---|---|\n${rows.join('')}`;
  });
  return `${HEAD}\nThere are ${count}.\n${sections.join('')}`;
}

/** What became of each defect. */
export function renderResults(results) {
  const rows = results.map(({ defect, verdict, seconds }) =>
    row(defect.name, defect.promise, describeVerdict(verdict), seconds.toFixed(1)),
  );
  return `| defect | breaks the promise | caught by | seconds |\n|---|---|---|---|\n${rows.join('')}`;
}

export function describeVerdict({ state, file, test, why }) {
  if (state === 'caught') return `${file}: ${test}`;
  return state === 'survived' ? 'SURVIVED' : `NOTHING SAID: ${why}`;
}

function row(...cells) {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |\n`;
}
