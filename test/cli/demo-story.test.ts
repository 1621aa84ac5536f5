import { describe, expect, it } from 'vitest';
import { type Answer, type Call, DemoFailed, type Step, story } from '../../src/cli/demo-story.js';

/** Answers as a relay that works; `change` may spoil the answer of one step, counted from 1. */
function windows(change: (step: number, answer: Answer) => Answer = (_, answer) => answer): Call {
  let step = 0;
  const sent: Answer[] = [];
  const session = [{ client: { name: 'demo', version: '1' }, pid: 1 }];
  const answers: ((args: Answer) => Answer)[] = [
    () => ({ sent: true, id: 'msg-1', queued_to: ['bob'], not_listening: ['bob'] }),
    () => ({
      agents: ['alice', 'bob'].map((agent_id) => ({ agent_id, sessions: session })),
      new_messages: [{ id: 'msg-1', content: sent[0]?.message }],
    }),
    () => ({ sent: true, id: 'msg-2', queued_to: ['bob'] }),
    () => ({ messages: [{ id: 'msg-2', content: sent[1]?.message }], unacked: 1 }),
    () => ({ acked: 2 }),
    () => ({ sent: true, id: 'msg-3', queued_to: ['alice'] }),
    () => ({
      messages: [{ id: 'msg-3', content: sent[2]?.message, reply_to: 'msg-1' }],
      sent_receipts: ['msg-1', 'msg-2'].map((id) => ({ id, to: 'bob', state: 'acked' })),
    }),
  ];
  return async (_agent, tool, args) => {
    if (tool === 'dispatch') sent.push(args);
    return change(step + 1, answers[step++]?.(args) ?? {});
  };
}

async function tell(call: Call): Promise<Step[]> {
  const steps: Step[] = [];
  for await (const step of story(call)) steps.push(step);
  return steps;
}

describe('the demo', () => {
  it('tells of dispatch, who, piggybacked mail, peek, ack and receipts', async () => {
    const steps = await tell(windows());
    expect(steps.map(({ agent, tool }) => `${agent} ${tool}`)).toEqual([
      'alice dispatch',
      'bob who',
      'alice dispatch',
      'bob peek',
      'bob ack',
      'bob dispatch',
      'alice peek',
    ]);
    expect(steps.flatMap(({ shows }) => shows).join('\n')).not.toMatch(/undefined|\[object/);
  });

  it.each([
    [1, 'the message reached nobody', { queued_to: [] }],
    [2, 'the mail did not ride on the answer', { new_messages: undefined }],
    [2, 'the mail came twice', { new_messages: [{ id: 'msg-1' }, { id: 'msg-1' }] }],
    [2, 'alice was not seen as live', { agents: [] }],
    [3, 'bob was thought to be absent', { not_listening: ['bob'] }],
    [4, 'old mail was new again', { messages: [{ id: 'msg-1' }, { id: 'msg-2' }] }],
    [4, 'read mail was not counted', { unacked: undefined }],
    [5, 'one message was not acknowledged', { acked: 1 }],
    [6, 'the answer went elsewhere', { queued_to: ['bob'] }],
    [7, 'the answer did not arrive', { messages: [] }],
    [7, 'a receipt is missing', { sent_receipts: [{ id: 'msg-1', to: 'bob', state: 'acked' }] }],
    [7, 'a receipt claims less than happened', { sent_receipts: [{ id: 'msg-1', to: 'bob', state: 'read' }] }],
  ])('fails at step %i when %s', async (spoiled, _what, fields) => {
    const call = windows((step, answer) => (step === spoiled ? { ...answer, ...fields } : answer));
    await expect(tell(call)).rejects.toThrow(DemoFailed);
  });
});
