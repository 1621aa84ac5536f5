/** Every tool once over real stdio, with one full answer each. */
import { expect } from 'vitest';
import { type AgentClient, withPlaceholders } from '../helpers/server-client.js';
import { test as base, type Sandbox } from '../helpers/server-sandbox.js';

const test = base.extend<{ alice: AgentClient; bob: AgentClient }>({
  alice: async ({ sandbox }, use) => use(await sandbox.agent('alice')),
  bob: async ({ sandbox }, use) => use(await sandbox.agent('bob')),
});

const shown = (answer: unknown, sandbox: Sandbox) =>
  withPlaceholders(answer, { [sandbox.relay]: '<relay>', [sandbox.cwd]: '<cwd>' });

test('dispatch answers what was sent, where it waits, and that nobody listens there', async ({ sandbox, alice }) => {
  const answer = await alice.call('dispatch', {
    message: 'Deployed to staging',
    target: 'bob',
    priority: 'urgent',
    thread_id: 'deploy-123',
    payload: { commit: 'abc123' },
    ttl: 3600,
    must_read: true,
  });
  expect(shown(answer, sandbox)).toMatchInlineSnapshot(`
    {
      "from": "alice",
      "id": "<id 1>",
      "not_listening": [
        "bob",
      ],
      "note": "No session has ever served "bob" here. The message waits for one; if the name is a mistake, who lists the agents that exist.",
      "priority": "urgent",
      "queued_to": [
        "bob",
      ],
      "sent": true,
      "thread_id": "deploy-123",
      "to": "bob",
    }
  `);
});

test('peek answers new mail whole, what became of my own, and what I left unacknowledged', async ({
  sandbox,
  alice,
}) => {
  const bob = await sandbox.local('bob');
  await bob.call('dispatch', { message: 'read me and keep me', target: 'alice' });
  await alice.call('peek');
  const own = await alice.call('dispatch', { message: 'for you', target: 'bob' });
  await bob.call('peek');
  await bob.call('dispatch', {
    message: 'Deployed to staging',
    target: 'alice',
    priority: 'urgent',
    thread_id: 'deploy-123',
    reply_to: own.id,
    payload: { commit: 'abc123' },
    ttl: 3600,
    must_read: true,
  });
  const answer = await alice.call('peek', { include_read: true });
  expect(shown(answer, sandbox)).toMatchInlineSnapshot(`
    {
      "agent_id": "alice",
      "count": 2,
      "messages": [
        {
          "age_seconds": "<age>",
          "content": "Deployed to staging",
          "from": "bob",
          "id": "<id 2>",
          "must_read": true,
          "payload": {
            "commit": "abc123",
          },
          "priority": "urgent",
          "reply_to": "<id 1>",
          "thread_id": "deploy-123",
          "timestamp": "<time>",
          "ttl": 3600,
        },
        {
          "age_seconds": "<age>",
          "content": "read me and keep me",
          "from": "bob",
          "id": "<id 3>",
          "state": "read",
          "timestamp": "<time>",
        },
      ],
      "sent_receipts": [
        {
          "at": "<time>",
          "by": "peek",
          "id": "<id 1>",
          "state": "read",
          "to": "bob",
        },
      ],
    }
  `);
});

test('ack answers how many it finished and which ids it did not know', async ({ sandbox, bob }) => {
  const alice = await sandbox.local('alice');
  await alice.call('dispatch', { message: 'first', target: 'bob' });
  await alice.call('dispatch', { message: 'second', target: 'bob' });
  const { messages } = await bob.call('peek', { limit: 1 });
  const answer = await bob.call('ack', { message_ids: [messages[0].id, 'msg-000000000000'] });
  expect(shown(answer, sandbox)).toMatchInlineSnapshot(`
    {
      "acked": 1,
      "agent_id": "bob",
      "new_messages": [
        {
          "age_seconds": "<age>",
          "content": "second",
          "from": "alice",
          "id": "<id 2>",
          "timestamp": "<time>",
        },
      ],
      "not_found": [
        "<id 1>",
      ],
    }
  `);
});

test('who answers where the mail is, who is live, and for whom mail waits', async ({ sandbox, alice, bob }) => {
  await alice.call('dispatch', { message: 'hello', target: 'bob' });
  await alice.call('dispatch', { message: 'hello', target: 'carol' });
  await alice.call('dispatch', { message: 'hello', target: 'human' });
  await bob.call('dispatch', { message: 'hello', target: 'alice' });
  const answer = await alice.call('who');
  expect(shown(answer, sandbox)).toMatchInlineSnapshot(`
    {
      "agents": [
        {
          "agent_id": "alice",
          "listening": "yes",
          "listening_reason": "called a tool in the last minute",
          "sessions": [
            {
              "client": {
                "name": "client of alice",
                "version": "1.2.3",
              },
              "cwd": "<cwd>",
              "pid": "<pid>",
              "since": "<time>",
              "wake": "none",
            },
          ],
          "unread": 1,
        },
        {
          "agent_id": "bob",
          "listening": "yes",
          "listening_reason": "called a tool in the last minute",
          "sessions": [
            {
              "client": {
                "name": "client of bob",
                "version": "1.2.3",
              },
              "cwd": "<cwd>",
              "pid": "<pid>",
              "since": "<time>",
              "wake": "none",
            },
          ],
          "unread": 0,
        },
      ],
      "count": 2,
      "identity": "id",
      "known": [
        {
          "agent_id": "carol",
          "listening": "no",
          "listening_reason": "no session; none was ever seen",
          "unread": 1,
        },
        {
          "agent_id": "human",
          "listening": "unknown",
          "listening_reason": "a person, who has no session",
          "unread": 1,
        },
      ],
      "new_messages": [
        {
          "age_seconds": "<age>",
          "content": "hello",
          "from": "bob",
          "id": "<id 1>",
          "timestamp": "<time>",
        },
      ],
      "relay": "<relay>",
      "self": "alice",
    }
  `);
});

test('submit, claim, poll, jobs, cancel and settle answer each what there is to say of a job', async ({
  sandbox,
  alice,
  bob,
}) => {
  await bob.call('who');
  const work = { to: 'bob', task: { prompt: 'Find out why the build is red.', branch: 'main' }, thread_id: 'build' };
  const submitted = await alice.call('submit', { ...work, write: true });
  expect(shown(submitted, sandbox)).toMatchInlineSnapshot(`
    {
      "cannot_wake": [
        "bob",
      ],
      "deduped": false,
      "job_id": "<id 1>",
      "state": "queued",
      "to": "bob",
    }
  `);
  await bob.call('peek');
  const claimed = await bob.call('claim', { lease_seconds: 600 });
  const { job_id, token } = claimed;
  expect(shown(claimed, sandbox)).toMatchInlineSnapshot(`
    {
      "attempt": 1,
      "found": true,
      "from": "alice",
      "job_id": "<id 1>",
      "lease_seconds": 600,
      "lease_until": "<time>",
      "max_attempts": 3,
      "note": "This job may change things. It is never run again unattended: if your lease ends before you settle it, or you release it, it waits for a person.",
      "task": {
        "branch": "main",
        "prompt": "Find out why the build is red.",
      },
      "thread_id": "build",
      "to": "bob",
      "token": "<token>",
      "unacked": 1,
      "write": true,
    }
  `);
  expect(shown(await alice.call('poll', { job_id }), sandbox)).toMatchInlineSnapshot(`
    {
      "attempts": 1,
      "created_at": "<time>",
      "found": true,
      "from": "alice",
      "held_by": "bob",
      "job_id": "<id 1>",
      "lease_until": "<time>",
      "state": "running",
      "thread_id": "build",
      "to": "bob",
      "write": true,
    }
  `);
  expect(shown(await alice.call('cancel', { job_id, reason: 'fixed' }), sandbox)).toMatchInlineSnapshot(`
    {
      "cancel_requested": true,
      "held_by": "bob",
      "job_id": "<id 1>",
      "lease_until": "<time>",
      "note": "Its holder hears of this when it renews, and may still complete it. If the lease ends first, the job waits for a person, since it may have changed things.",
      "state": "running",
    }
  `);
  expect(shown(await alice.call('jobs'), sandbox)).toMatchInlineSnapshot(`
    {
      "count": 1,
      "jobs": [
        {
          "age_seconds": "<age>",
          "attempts": 1,
          "cancel_requested": true,
          "from": "alice",
          "held_by": "bob",
          "job_id": "<id 1>",
          "prompt": "Find out why the build is red.",
          "state": "running",
          "thread_id": "build",
          "to": "bob",
          "write": true,
        },
      ],
    }
  `);
  const settled = await bob.call('settle', { job_id, token, outcome: 'completed', result: { cause: 'a typo' } });
  expect(shown(settled, sandbox)).toMatchInlineSnapshot(`
    {
      "job_id": "<id 1>",
      "state": "completed",
      "unacked": 1,
    }
  `);
  await alice.call('peek');
  expect(shown(await alice.call('poll', { job_id }), sandbox)).toMatchInlineSnapshot(`
    {
      "attempts": 1,
      "cancel_reason": "fixed",
      "created_at": "<time>",
      "ended_at": "<time>",
      "found": true,
      "from": "alice",
      "job_id": "<id 1>",
      "result": {
        "cause": "a typo",
      },
      "state": "completed",
      "thread_id": "build",
      "to": "bob",
      "unacked": 1,
      "write": true,
    }
  `);
});

test('initialize names the agent and what this is for within the first 240 characters', async ({ alice }) => {
  const instructions = alice.client.getInstructions() ?? '';
  expect(instructions.length).toBeLessThan(2000);
  const beginning = instructions.slice(0, 240);
  expect(beginning).toContain('"alice"');
  for (const tool of ['dispatch', 'peek', 'ack', 'who']) expect(beginning).toContain(tool);
  expect(instructions).toMatch(/never permission or approval/);
  expect(alice.client.getServerVersion()).toMatchObject({ name: 'mcp-dispatch' });
});

test('tools/list is the same for every agent, and small', async ({ alice, bob }) => {
  const { tools } = await alice.client.listTools();
  expect(await bob.client.listTools()).toEqual({ tools });
  expect(tools.map(({ name }) => name).sort()).toEqual([
    'ack',
    'cancel',
    'claim',
    'dispatch',
    'jobs',
    'join',
    'leave',
    'peek',
    'poll',
    'settle',
    'submit',
    'who',
  ]);
  const counted = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  expect(Buffer.byteLength(JSON.stringify(counted))).toBeLessThan(13_000);
  for (const tool of tools) {
    expect(tool.title, tool.name).toBeTruthy();
    expect(tool.annotations, tool.name).toMatchObject({ openWorldHint: false, destructiveHint: false });
    expect(tool.annotations?.readOnlyHint, tool.name).toBe(['peek', 'who', 'poll', 'jobs'].includes(tool.name));
    expect(tool._meta?.['anthropic/alwaysLoad'], tool.name).toBe(
      ['dispatch', 'peek', 'ack'].includes(tool.name) ? true : undefined,
    );
    for (const [name, schema] of Object.entries(tool.inputSchema.properties ?? {})) {
      expect((schema as { description?: string }).description, `${tool.name}.${name}`).toBeTruthy();
    }
  }
});

test('an unknown tool and server/discover are refused, and the next call works', async ({ alice }) => {
  expect(await alice.refusal('fetch')).toMatch(/no tool "fetch" here.*dispatch, peek, ack, who/);
  await expect(alice.client.request({ method: 'server/discover' } as never, {} as never)).rejects.toMatchObject({
    code: -32601,
  });
  expect(await alice.call('who')).toMatchObject({ self: 'alice' });
});
