/** Prompts and resources of a real server, behind the SDK's own client. */

import { existsSync } from 'node:fs';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'vitest';
import type { AgentClient, Json } from '../helpers/server-client.js';
import { eventually, test } from '../helpers/server-sandbox.js';

// At once where the file system has events, else within the poll of ten seconds; a busy machine gets three times as long.
const UPDATE_DEADLINE_MS = 30_000;

function updatesOf({ client }: AgentClient): string[] {
  const updates: string[] = [];
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
    updates.push(params.uri);
  });
  return updates;
}

async function read({ client }: AgentClient, uri: string): Promise<Json> {
  const { contents } = await client.readResource({ uri });
  const [content] = contents;
  expect(content).toMatchObject({ uri, mimeType: 'application/json' });
  return JSON.parse(content !== undefined && 'text' in content ? content.text : '');
}

test('a subscriber is told of mail, reads its header, and hears nothing after it unsubscribed', {
  timeout: 180_000,
}, async ({ sandbox }) => {
  const uri = 'dispatch://inbox';
  const [alice, bob] = [await sandbox.local('alice'), await sandbox.agent('bob')];
  const updates = updatesOf(bob);
  await bob.client.subscribeResource({ uri });
  const { id } = await alice.call('dispatch', { target: 'bob', message: 'hello', priority: 'urgent' });
  await eventually('the update', () => updates.length > 0, UPDATE_DEADLINE_MS);
  expect(updates).toEqual([uri]);
  expect(await read(bob, uri)).toMatchObject({ pending: 1, messages: [{ id, from: 'alice', priority: 'urgent' }] });

  await bob.client.unsubscribeResource({ uri });
  // A call of its own would be told at once.
  expect((await bob.call('peek')).messages).toMatchObject([{ id, content: 'hello' }]);
  expect(await read(bob, uri)).toMatchObject({ pending: 0, unacked: 1, messages: [{ id, state: 'read' }] });
  expect(updates).toEqual([uri]);
});

test('listing and reading leave no trace on the relay', async ({ sandbox }) => {
  const { client } = await sandbox.agent('bob');
  expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual([
    'dispatch://inbox',
    'dispatch://agents',
  ]);
  expect((await client.listResourceTemplates()).resourceTemplates).toHaveLength(1);
  expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual(['coordinate', 'collaborate']);
  for (const uri of ['dispatch://inbox', 'dispatch://agents', 'dispatch://thread/x'])
    await client.readResource({ uri });
  await expect(client.readResource({ uri: 'dispatch://other' })).rejects.toMatchObject({ code: -32002 });
  const { messages } = await client.getPrompt({ name: 'collaborate', arguments: { coordinator: 'alice' } });
  expect(messages[0]?.content).toMatchObject({ type: 'text', text: expect.stringContaining('agent "alice"') });
  expect(existsSync(sandbox.relay)).toBe(false);
});

test('a server without an id takes no name by being read, and shows its mail once it has one', async ({ sandbox }) => {
  const bob = await sandbox.agent(undefined);
  for (const uri of ['dispatch://inbox', 'dispatch://thread/x']) {
    await expect(bob.client.readResource({ uri })).rejects.toThrow('NO_IDENTITY: This server serves no agent yet');
    await expect(bob.client.subscribeResource({ uri })).rejects.toThrow('NO_IDENTITY');
  }
  expect(existsSync(sandbox.relay)).toBe(false);
  const { self } = await bob.call('who');
  expect(await read(bob, 'dispatch://inbox')).toMatchObject({ agent_id: self, messages: [] });
  await bob.client.subscribeResource({ uri: 'dispatch://inbox' });
});
