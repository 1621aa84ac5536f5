// Loaded before the server: its wall clock stands still at FROZEN_MS.
const frozen = Number(process.env.FROZEN_MS);
Date.now = () => frozen;
