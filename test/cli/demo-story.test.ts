import { describe, expect, it } from 'vitest';
import {
  type Answer,
  type Call,
  DemoFailed,
  RESULT,
  type Step,
  story,
  type Workers,
} from '../../src/cli/demo-story.js';

const WORKERS: Workers = { start: () => '$ start', begun: async () => {}, kill: () => '$ kill' };

/** Answers as a relay that works; `change` may spoil the answer to one call, counted from 1. */
function windows(change: (call: number, answer: Answer) => Answer = (_, answer) => answer): Call {
  let calls = 0;
  const sent: Answer[] = [];
  const session = [{ client: { name: 'demo', version: '1' }, pid: 1 }];
  const told = (state: string) => ({ from: 'runner', payload: { type: 'job', job_id: 'job-1', state } });
  const answers: ((args: Answer) => Answer)[] = [
    () => ({ sent: true, id: 'msg-1', queued_to: ['bob'], not_listening: ['bob'] }),
    () => ({
      agents: ['alice', 'bob'].map((agent_id) => ({ agent_id, sessions: session })),
      new_messages: [{ id: 'msg-1', content: sent[0]?.message }],
    }),
    () => ({ sent: true, id: 'msg-2', queued_to: ['alice'] }),
    () => ({ acked: 1 }),
    () => ({
      messages: [{ id: 'msg-2', content: sent[1]?.message, reply_to: 'msg-1' }],
      sent_receipts: [{ id: 'msg-1', to: 'bob', state: 'acked' }],
    }),
    () => ({ job_id: 'job-1', state: 'queued', deduped: false, workers: 0 }),
    () => ({ found: true, state: 'running' }),
    () => ({
      found: true,
      state: 'completed',
      attempts: 2,
      result: { message: RESULT },
      new_messages: [told('queued'), told('completed')],
    }),
  ];
  return async (_agent, tool, args) => {
    if (tool === 'dispatch') sent.push(args);
    return change(calls + 1, answers[calls++]?.(args) ?? {});
  };
}

async function tell(call: Call): Promise<Step[]> {
  const steps: Step[] = [];
  for await (const step of story(call, WORKERS)) steps.push(step);
  return steps;
}

describe('the demo', () => {
  it('tells of mail that waits, rides along, is answered and acknowledged, and of a job that survives a crash', async () => {
    const steps = await tell(windows());
    expect(steps.map(({ agent, tool, does }) => (tool === undefined ? does.join(' ') : `${agent} ${tool}`))).toEqual([
      'alice dispatch',
      'bob who',
      'bob dispatch',
      'bob ack',
      'alice peek',
      'alice submit',
      '$ start $ kill $ start',
      'alice poll',
    ]);
    expect(steps.flatMap(({ shows, does }) => [...shows, ...does]).join('\n')).not.toMatch(/undefined|\[object/);
  });

  it.each([
    [1, 'the message reached nobody', { queued_to: [] }],
    [2, 'the mail did not ride on the answer', { new_messages: undefined }],
    [2, 'the mail came twice', { new_messages: [{ id: 'msg-1' }, { id: 'msg-1' }] }],
    [2, 'alice was not seen as live', { agents: [] }],
    [3, 'the answer went elsewhere', { queued_to: ['bob'] }],
    [4, 'the message was not acknowledged', { acked: 0 }],
    [5, 'the answer did not arrive', { messages: [] }],
    [5, 'a receipt is missing', { sent_receipts: [] }],
    [5, 'a receipt claims less than happened', { sent_receipts: [{ id: 'msg-1', to: 'bob', state: 'read' }] }],
    [6, 'the job was refused', { state: undefined }],
    [6, 'somebody else was there to do it', { workers: 1 }],
    [7, 'the first worker had not begun', { state: 'queued' }],
    [8, 'the job was not done', { state: 'running' }],
    [8, 'it was done without a crash', { attempts: 1 }],
    [8, 'the mail did not come', { new_messages: [] }],
    [8, 'the result is another', { result: { message: '' } }],
  ])('fails at call %i when %s', async (spoiled, _what, fields) => {
    const call = windows((number, answer) => (number === spoiled ? { ...answer, ...fields } : answer));
    await expect(tell(call)).rejects.toThrow(DemoFailed);
  });
});
