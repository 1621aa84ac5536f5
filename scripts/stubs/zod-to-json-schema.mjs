/** Stands in for `zod-to-json-schema`, 39 ms of start-up. The SDK calls it only for schemas written with zod 3. */
export function zodToJsonSchema() {
  throw new Error('zod 3 is not in this bundle: write the schema with zod/v4.');
}
