/** To be imported before any schema is made. */
import { config } from 'zod/v4';

// Zod makes code for each schema that is used, in each process anew. That takes longer than a process then saves by it, also
// one that parses ten thousand jobs.
config({ jitless: true });
