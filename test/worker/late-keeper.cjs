/** A keeper that takes long to start, as any process does on a busy machine. */
const LATE_MS = 1500;

setTimeout(() => require('../../dist/keeper.cjs'), LATE_MS);
