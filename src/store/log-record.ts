/** How records stand in a log; the same in every adapter. */

/**
 * The text that adds records to a log. Each begins with the newline, so that a torn one cannot swallow the next.
 * @throws RangeError for an empty record and one with a newline, which no reader could tell from two.
 */
export function linesOf(records: readonly string[]): string {
  for (const record of records) {
    if (record === '' || record.includes('\n'))
      throw new RangeError(`not a log record: ${JSON.stringify(record.slice(0, 80))}`);
  }
  return records.map((record) => `\n${record}`).join('');
}
