/** Stands in for `ajv-formats`, which has nothing to add to the ajv stub. */
export default function addFormats() {}
