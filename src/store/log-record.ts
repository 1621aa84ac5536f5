/** What may be a record of a log; the same in every adapter. */

/** @throws RangeError for an empty record and one with a newline, which no reader could tell from two. */
export function assertRecord(record: string): void {
  if (record === '' || record.includes('\n'))
    throw new RangeError(`not a log record: ${JSON.stringify(record.slice(0, 80))}`);
}
