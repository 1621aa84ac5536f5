import type { Config } from '../config/schema.js';
import type { Relay } from '../relay/relay.js';

/** What the composition root hands to a command. */
export interface App {
  readonly config: Config;
  readonly relay: Relay;
}
