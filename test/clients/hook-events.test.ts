import { describe, expect, it } from 'vitest';
import { CLIENTS } from '../../src/clients/all.js';
import { listEvents } from '../../src/hooks/shapes.js';
import { ClientWorld } from '../helpers/client-world.js';

describe('the hooks that init writes', () => {
  it('are for clients and events that the command hook knows, spelled alike', () => {
    const world = new ClientWorld();
    const known = listEvents();
    try {
      for (const client of CLIENTS) {
        const written = client.hooks?.('user', world.machine).events.map(({ event }) => event) ?? [];
        const answered = known.find((one) => one.client === client.id)?.events ?? [];
        expect([client.id, written.filter((event) => !answered.includes(event))]).toEqual([client.id, []]);
      }
      expect(known.map(({ client }) => client)).toEqual(
        CLIENTS.filter(({ hooks }) => hooks !== undefined).map(({ id }) => id),
      );
    } finally {
      world.dispose();
    }
  });
});
