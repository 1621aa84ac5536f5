/** Stands in for `zod/v3`, 21 ms of start-up. The SDK calls it only for schemas written with zod 3; ours are zod 4. */
export function object() {
  throw new Error('zod 3 is not in this bundle: write the schema with zod/v4.');
}
