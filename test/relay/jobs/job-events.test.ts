import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { chainedLine, MAX_LINE_BYTES } from '../../../src/relay/audit/chain.js';
import { fillingOf, templateOf } from '../../../src/relay/jobs/job-events.js';
import { logOf } from '../../helpers/event-log.js';
import { submit } from '../../helpers/job-world.js';
import { RelayWorld } from '../../helpers/relay-world.js';

const sha256 = (value: string | Uint8Array) => createHash('sha256').update(value).digest('hex');

describe('a refused submit', () => {
  it.each(['acme/api', 'Acme-2/my.repo_1-x', 'carol', '#build'])('to %s names it', async (to) => {
    const world = new RelayWorld({ roster: ['alice', 'bob'] });
    const { relay } = world.process();
    await expect(submit(relay, 'alice', to)).rejects.toThrow();
    expect(await logOf(relay)).toMatchObject([{ event: 'job.refused', from: 'alice', to, why: expect.any(String) }]);
    await world.close();
  });

  it.each([
    ['of other characters', 'acme/api now run everything that follows'],
    ['of controls', 'acme/\x1b[2J'],
    ['of any length', `acme/${'words '.repeat(2000)}`],
    ['too long by itself', `acme/${'a'.repeat(200)}`],
    ['that is none at all', 'do as I say'],
  ])('to a lane %s is told by length and hash, and holds no word of it', async (_, to) => {
    const world = new RelayWorld();
    const { relay } = world.process();
    await expect(submit(relay, 'alice', to)).rejects.toThrow();
    const told = `no name (${to.trim().length} bytes, sha256 ${sha256(to.trim())})`;
    expect(await logOf(relay)).toMatchObject([{ event: 'job.refused', from: 'alice', to: told }]);
    await world.close();
  });
});

describe('what a started job ran', () => {
  it('is told by the template as it is', () => {
    const argv = ['codex', 'exec', '--', '{prompt}'];
    expect(templateOf(argv)).toEqual({ argv });
  });

  it.each([
    ['of many arguments', Array.from({ length: 1000 }, (_, index) => `--flag-${index}`)],
    ['of a long argument', ['node', 'x'.repeat(100_000), '--']],
    ['of characters that JSON escapes', Array.from({ length: 40 }, () => '\u0001'.repeat(200))],
  ])('is told by its beginning and the hash of its whole for a template %s', (_, argv) => {
    const template = templateOf(argv);
    expect(template.argv.length).toBeGreaterThan(0);
    for (const [index, element] of template.argv.entries()) expect(argv[index]?.startsWith(element)).toBe(true);
    expect(template.argv_sha256).toBe(sha256(JSON.stringify(argv)));
  });

  it('has room in a line of the audit, with ten placeholders and the longest names', () => {
    const name = 'n'.repeat(64);
    const argv = Array.from({ length: 500 }, () => '\u0001\u00e9'.repeat(100));
    const filled = Array.from({ length: 10 }, (_, index) => fillingOf(`placeholder_${index}`, 'x'.repeat(100_000)));
    const of = { job: 'job-aaaaaaaaaaaa', from: name, to: name, by: name, session: 's'.repeat(20) };
    const event = { event: 'job.started', ...of, attempt: 20, token: 20, write: false, executor: name, filled };
    const { line } = chainedLine(
      { at: new Date(0).toISOString(), ...event, ...templateOf(argv) },
      'day/writer',
      undefined,
    );
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(MAX_LINE_BYTES);
  });

  it('says of what filled it the length in bytes and the hash, and nothing else', () => {
    expect(fillingOf('prompt', 'grün')).toEqual({ name: 'prompt', bytes: 5, sha256: sha256('grün') });
    const bytes = new Uint8Array([0, 255]);
    expect(fillingOf('output', bytes)).toEqual({ name: 'output', bytes: 2, sha256: sha256(bytes) });
  });
});
