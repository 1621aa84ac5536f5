/**
 * What the demo shows, and the proof that it happened: each step is checked before it is told, so a relay that does not
 * work cannot give a tour that looks as if it did.
 */

export type Answer = { readonly [field: string]: unknown };

/** Calls a tool in an agent's window, and opens the window for the first call. */
export type Call = (agent: string, tool: string, args: Answer) => Promise<Answer>;

/** What does the jobs of `runner`. */
export interface Workers {
  /** Starts one, and gives its command as a person would type it. */
  start(): string;
  /** Resolves once the program of the worker has begun. */
  begun(): Promise<void>;
  /** Kills it as a crash would, and gives the command. */
  kill(): string;
}

/** Something that an agent or a person did, and what came of it. */
export interface Step {
  readonly title: string;
  /** A call as its agent makes it, or the commands of a person. */
  readonly does: readonly string[];
  /** Of a call. */
  readonly agent?: string;
  readonly tool?: string;
  readonly arguments?: Answer;
  readonly answer?: Answer;
  /** What came of it in words, a line each. */
  readonly shows: readonly string[];
}

/** A step did not do what it shows. */
export class DemoFailed extends Error {
  override readonly name = 'DemoFailed';
}

const THREAD = 'api-404';
const REQUEST = 'GET /users/:id now answers 404 for deleted users, not 410. Can you adapt the client?';
const ANSWER = 'Done: the client treats 404 as deleted. Tests are green.';
const PROMPT = 'List the tests that are slow.';

/** What the program of the workers answers. */
export const RESULT = 'checkout.test.ts, 41 s; search.test.ts, 12 s';

export async function* story(call: Call, workers: Workers): AsyncGenerator<Step> {
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
    const given = Object.entries(args).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
    const does = [`${agent} calls ${tool}(${given.join(', ')})`];
    return { title, does, agent, tool, arguments: args, answer, shows: check(answer, expect) };
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
    'bob’s window opens and he asks who is there. His mail rides on the answer, once.',
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
      return [`agents: ${agents.map(describeAgent).join(', ')}`, 'new message from alice, as above'];
    },
  );
  yield await step(
    'bob',
    'dispatch',
    { target: 'alice', message: ANSWER, reply_to: request, thread_id: THREAD },
    'bob answers, and has dealt with it.',
    (answer, expect) => {
      expect(answer.sent === true && sameList(answer.queued_to, ['alice']), 'the answer was not queued for alice');
      return [`sent ${String(answer.id)}, queued for alice`];
    },
  );
  yield await step('bob', 'ack', { message_ids: [request] }, 'Handled mail is acknowledged.', (answer, expect) => {
    expect(answer.acked === 1 && answer.not_found === undefined, 'the message should be acknowledged');
    return ['1 acknowledged'];
  });
  yield await step('alice', 'peek', {}, 'alice finds the answer, and what became of her message.', (answer, expect) => {
    const messages = listOf(answer.messages);
    expect(messages.length === 1 && messages[0]?.reply_to === request, 'the answer of bob should have arrived');
    const receipt = listOf(answer.sent_receipts).find((each) => each.id === request);
    expect(receipt?.state === 'acked' && receipt.to === 'bob', `the receipt of ${request} should say acked by bob`);
    return [`new message from bob: ${quoted(messages[0]?.content)}`, `receipt: ${request} acked by bob`];
  });

  let job = '';
  yield await step(
    'alice',
    'submit',
    { to: 'runner', task: { prompt: PROMPT } },
    'alice has work for runner, a program of the operator’s. No worker is there yet: the job waits.',
    (answer, expect) => {
      expect(answer.state === 'queued' && answer.workers === 0, 'the job was not queued for a worker to come');
      job = String(answer.job_id);
      return [`${job} is queued`];
    },
  );
  const first = workers.start();
  await workers.begun();
  const { state } = await call('alice', 'poll', { job_id: job });
  if (state !== 'running') throw new DemoFailed(`the job should be running, and is ${String(state)}`);
  yield {
    title: 'A worker takes it up, and crashes in the middle. Another is started.',
    does: [first, workers.kill(), workers.start()],
    shows: [`${job} was running when its worker was killed`],
  };
  yield await step(
    'alice',
    'poll',
    { job_id: job, wait_seconds: 20 },
    'Its lease ends, the other worker does it, and alice is told by mail.',
    (answer, expect) => {
      expect(answer.state === 'completed' && answer.attempts === 2, 'the second worker should have done it');
      const states = listOf(answer.new_messages).map(({ from, payload }) => `${from} ${(payload as Answer)?.state}`);
      expect(
        sameList(states, ['runner queued', 'runner completed']),
        'alice should be told of the crash and of the end',
      );
      const result = listOf([answer.result])[0]?.message;
      expect(result === RESULT, 'the result should be what the program said');
      return [
        `completed at attempt 2: ${quoted(result)}`,
        '2 new messages from runner: it waits again; it is completed',
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
