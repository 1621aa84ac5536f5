/**
 * What the demo shows, and the proof that it happened: each step is checked before it is told, so a relay that does not
 * work cannot give a tour that looks as if it did.
 */

export type Answer = { readonly [field: string]: unknown };

/** Calls a tool in an agent's window, and opens the window for the first call. */
export type Call = (agent: string, tool: string, args: Answer) => Promise<Answer>;

export interface Step {
  readonly title: string;
  readonly agent: string;
  readonly tool: string;
  readonly arguments: Answer;
  readonly answer: Answer;
  /** The answer in words, a line each. */
  readonly shows: readonly string[];
}

/** A step did not do what it shows. */
export class DemoFailed extends Error {
  override readonly name = 'DemoFailed';
}

const THREAD = 'api-404';
const REQUEST = 'GET /users/:id now answers 404 for deleted users, not 410. Can you adapt the client?';
const WARNING = 'Please hold your deploy: the staging database is being restored.';
const ANSWER = 'Done: the client treats 404 as deleted. Tests are green.';

export async function* story(call: Call): AsyncGenerator<Step> {
  const step = async (
    agent: string,
    tool: string,
    args: Answer,
    title: string,
    check: (answer: Answer, expect: Expect) => readonly string[],
  ): Promise<Step> => {
    const answer = await call(agent, tool, args);
    const expect: Expect = (holds, what) => {
      if (!holds) throw new DemoFailed(`${agent}: ${tool}: ${what}. Answer: ${JSON.stringify(answer)}`);
    };
    return { title, agent, tool, arguments: args, answer, shows: check(answer, expect) };
  };

  let request = '';
  yield await step(
    'alice',
    'dispatch',
    { target: 'bob', message: REQUEST, thread_id: THREAD },
    'alice asks bob for something. His window is closed: the message waits.',
    (answer, expect) => {
      expect(answer.sent === true && sameList(answer.queued_to, ['bob']), 'the message was not queued for bob');
      expect(sameList(answer.not_listening, ['bob']), 'bob should not be there yet');
      request = String(answer.id);
      return [`sent ${request}, queued for bob, who is not listening yet`];
    },
  );
  yield await step(
    'bob',
    'who',
    {},
    'bob’s window opens and he asks who is there. His mail rides on the answer.',
    (answer, expect) => {
      const agents = listOf(answer.agents);
      expect(
        sameList(agents.map(({ agent_id }) => agent_id).sort(), ['alice', 'bob']),
        'alice and bob should both be live',
      );
      expect(
        agents.every(({ sessions }) => clientOf(sessions)?.name === 'demo'),
        'each agent should have a session, with the client it runs in',
      );
      const [message, ...others] = listOf(answer.new_messages);
      expect(message?.id === request && message.content === REQUEST, 'the message did not arrive');
      expect(others.length === 0, 'there was more mail than was sent');
      return [`agents: ${agents.map(describeAgent).join(', ')}`, `new message from alice: ${quoted(message?.content)}`];
    },
  );
  let warning = '';
  yield await step(
    'alice',
    'dispatch',
    { target: 'bob', message: WARNING, priority: 'urgent' },
    'alice has something urgent.',
    (answer, expect) => {
      expect(answer.sent === true && answer.not_listening === undefined, 'bob should be listening by now');
      warning = String(answer.id);
      return [`sent ${warning}, queued for bob`];
    },
  );
  yield await step('bob', 'peek', {}, 'bob reads his mail. Each message is new once.', (answer, expect) => {
    const messages = listOf(answer.messages);
    expect(messages.length === 1 && messages[0]?.id === warning, 'exactly the urgent message should be new');
    expect(answer.unacked === 1, 'the first message should be counted as not acknowledged');
    return [
      `urgent message from alice: ${quoted(messages[0]?.content)}`,
      '1 older message is read and not yet acknowledged',
    ];
  });
  yield await step('bob', 'ack', { message_ids: [request, warning] }, 'bob has dealt with both.', (answer, expect) => {
    expect(answer.acked === 2 && answer.not_found === undefined, 'both messages should be acknowledged');
    return ['2 acknowledged'];
  });
  yield await step(
    'bob',
    'dispatch',
    { target: 'alice', message: ANSWER, reply_to: request, thread_id: THREAD },
    'bob answers.',
    (answer, expect) => {
      expect(answer.sent === true && sameList(answer.queued_to, ['alice']), 'the answer was not queued for alice');
      return [`sent ${String(answer.id)}, queued for alice`];
    },
  );
  yield await step(
    'alice',
    'peek',
    {},
    'alice finds the answer, and what became of the messages she sent.',
    (answer, expect) => {
      const messages = listOf(answer.messages);
      expect(messages.length === 1 && messages[0]?.reply_to === request, 'the answer of bob should have arrived');
      const receipts = listOf(answer.sent_receipts);
      for (const id of [request, warning]) {
        const receipt = receipts.find((each) => each.id === id);
        expect(receipt?.state === 'acked' && receipt.to === 'bob', `the receipt of ${id} should say acked by bob`);
      }
      return [
        `new message from bob: ${quoted(messages[0]?.content)}`,
        ...receipts.map(({ id, state, to }) => `receipt: ${String(id)} ${String(state)} by ${String(to)}`),
      ];
    },
  );
}

type Expect = (holds: boolean, what: string) => void;

function sameList(value: unknown, expected: readonly string[]): boolean {
  return (
    Array.isArray(value) && value.length === expected.length && expected.every((item, index) => value[index] === item)
  );
}

function listOf(value: unknown): Answer[] {
  return Array.isArray(value) ? (value as Answer[]) : [];
}

function describeAgent({ agent_id, sessions }: Answer): string {
  const [session] = listOf(sessions);
  return `${String(agent_id)} (pid ${String(session?.pid)})`;
}

function clientOf(sessions: unknown): Answer | undefined {
  return listOf(sessions)[0]?.client as Answer | undefined;
}

function quoted(text: unknown): string {
  return `“${String(text)}”`;
}
