/** Outcomes, tasks and lists that are larger than a reply: nothing of them is out of reach, and no reply is over its budget. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answer, claimed, JobDesk, refusal, submitted } from '../helpers/job-desk.js';
import type { RelayClient, ToolJson } from '../helpers/relay-client.js';
import { RelayWorld } from '../helpers/relay-world.js';

const BUDGET = 10_240;

let desk: JobDesk;
let alice: RelayClient;
let bob: RelayClient;
beforeEach(async () => {
  desk = new JobDesk(new RelayWorld({ maxMessageBytes: 200_000 }));
  [alice, bob] = [await desk.client('alice'), await desk.client('bob')];
});
afterEach(() => desk.close());

/** Every page, until there is no next_offset; each within the budget. */
async function pages(ask: (offset: number | undefined) => Promise<ToolJson>): Promise<ToolJson[]> {
  const found: ToolJson[] = [];
  let offset: number | undefined;
  do {
    const page = await ask(offset);
    expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThanOrEqual(BUDGET);
    if (offset !== undefined && page.next_offset !== undefined) expect(page.next_offset).toBeGreaterThan(offset);
    found.push(page);
    offset = page.next_offset;
  } while (offset !== undefined);
  return found;
}

const joined = (found: readonly ToolJson[], ...names: string[]) =>
  found.map((page) => names.map((name) => page[name] ?? '').join('')).join('');

async function settled(outcome: object): Promise<string> {
  const job_id = await submitted(alice);
  const token = await claimed(bob, job_id);
  await answer(bob, 'settle', { job_id, token, outcome: 'failed', ...outcome });
  return job_id;
}

const pollPages = (job_id: string) =>
  pages((offset) => answer(alice, 'poll', { job_id, ...(offset === undefined ? {} : { offset }) }));

describe('an outcome', () => {
  it('that is long text comes in parts that end between characters, and all of them together are the whole', async () => {
    const result = 'ä€\u{1f600}"\n'.repeat(6000);
    const found = await pollPages(await settled({ result }));
    expect(found.length).toBeGreaterThan(5);
    expect(joined(found, 'result_part')).toBe(result);
    for (const { result_part, outcome_bytes } of found) {
      expect(result_part.isWellFormed()).toBe(true);
      expect(outcome_bytes).toBe(Buffer.byteLength(result));
    }
  });

  it('that is a large object comes in parts of its JSON text', async () => {
    const result = { lines: Array.from({ length: 3000 }, (_, index) => `line ${index}`) };
    const found = await pollPages(await settled({ result }));
    expect(JSON.parse(joined(found, 'result_part'))).toEqual(result);
  });

  it('tells the error first, and what of the result has no room beside it on the next pages', async () => {
    const [error, result] = ['e'.repeat(15_000), 'r'.repeat(15_000)];
    const found = await pollPages(await settled({ error, result }));
    expect(found[0]).not.toHaveProperty('result_part');
    expect(joined(found, 'error', 'error_part')).toBe(error);
    expect(joined(found, 'result', 'result_part')).toBe(result);
    const short = await pollPages(await settled({ error: 'why', result }));
    expect(short[0]).toMatchObject({ error: 'why', result_part: expect.stringMatching(/^r+$/), outcome_bytes: 15_003 });
    expect(joined(short, 'result_part')).toBe(result);
  });

  it('that fits is whole, without sizes', async () => {
    const [page, ...others] = await pollPages(await settled({ error: 'why', result: { a: 1 } }));
    expect(others).toEqual([]);
    expect(page).toMatchObject({ error: 'why', result: { a: 1 } });
    expect(page).not.toHaveProperty('outcome_bytes');
  });

  it.each([
    ['past its end', 5],
    ['inside a character', 1],
  ])('is refused from a place %s', async (_, offset) => {
    const job_id = await settled({ result: '€' });
    expect(await refusal(alice, 'poll', { job_id, offset })).toBe(
      `INVALID_ARGUMENT: offset ${offset} is not a place in it: it has 3 bytes, and a part begins between two characters. Use the next_offset of the part before.`,
    );
  });

  it('of which the rest is lost tells its beginning, and that', async () => {
    const job_id = await settled({ result: 'x'.repeat(20_000) });
    const [file] = await desk.world.keys('.jobs/outcomes');
    await desk.world.memory.remove(file ?? '');
    expect(await answer(alice, 'poll', { job_id })).toMatchObject({
      state: 'failed',
      result: 'x'.repeat(2048),
      note: 'Only the beginning of its outcome is left.',
    });
  });
});

describe('a task', () => {
  it('that is larger than a reply is begun by claim and read on with the token, which renews too', async () => {
    const task = { prompt: 'Line "one"\nLine two €\n'.repeat(3000), files: ['a', 'b'] };
    const job_id = await submitted(alice, { task });
    let token: string | undefined;
    const found = await pages(async (offset) => {
      desk.world.clock.advance(60_000);
      const page = await answer(bob, 'claim', { job_id, ...(token === undefined ? {} : { token, offset }) });
      token = page.token;
      expect(page.lease_until).toBe(desk.isoIn(120));
      return page;
    });
    expect(joined(found, 'prompt_part')).toBe(task.prompt);
    expect(found.at(-1)?.fields ?? JSON.parse(joined(found, 'fields_part'))).toEqual({ files: ['a', 'b'] });
    expect(found[0]).not.toHaveProperty('task');
  });

  it('that fits is read again whole', async () => {
    const job_id = await submitted(alice, { task: { prompt: 'x', n: 1 } });
    const token = await claimed(bob, job_id);
    expect(await answer(bob, 'claim', { job_id, token, offset: 0 })).toMatchObject({ task: { prompt: 'x', n: 1 } });
  });
});

describe('the smallest replies there can be', () => {
  it('still tell a job and how to go on', async () => {
    const small = await desk.client('bob', { maxReplyBytes: 2048 });
    const job_id = await submitted(alice, { task: { prompt: 'p'.repeat(5000) } });
    const page = await answer(small, 'claim', { job_id });
    expect(page).toMatchObject({ token: expect.any(String), prompt_part: expect.stringMatching(/^p{100,}$/) });
    expect(page.next_offset).toBe(page.prompt_part.length);
    expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThanOrEqual(2048);
  });
});
