/** The checker finds each kind of defect when it is planted in a good run, and nothing in a good run. */
import { expect, test } from 'vitest';
import { check, type Event } from './checker.js';

const shown = {
  kind: 'shown',
  agent: 'bob',
  session: 's1',
  id: 'm1',
  from: 'alice',
  token: 't1',
  redelivered: false,
} as const;

const GOOD: readonly Event[] = [
  { kind: 'attempt', token: 't1', from: 'alice', to: ['bob'] },
  { kind: 'sent', token: 't1', id: 'm1', queuedTo: ['bob'] },
  { kind: 'attempt', token: 't2', from: 'alice', to: ['bob', 'carol'] },
  shown,
  { kind: 'told', id: 'm1', to: 'bob', state: 'read' },
  { ...shown, session: 's2', redelivered: true },
  { kind: 'acked', agent: 'bob', ids: ['m1'] },
  // Sent by a process that was killed before it could say so: it may be there, and for some of its recipients only.
  { ...shown, agent: 'carol', id: 'm2', token: 't2' },
  { kind: 'final', id: 'm1', to: 'bob', state: 'acked' },
];

test('a good run has no problems', () => {
  expect(check(GOOD)).toEqual([]);
});

const without = (...kinds: Event['kind'][]) => GOOD.filter(({ kind }) => !kinds.includes(kind));

test.each<[string, readonly Event[], RegExp]>([
  ['a sent message that nobody was shown', without('shown', 'told', 'acked', 'final'), /^lost: m1 .*never shown/],
  ['a sent message that the relay does not know any more', without('final'), /^lost: m1 .*nothing/],
  [
    'a sent message that is of unknown fate',
    [...without('final'), { kind: 'final', id: 'm1', to: 'bob', state: 'unknown' }],
    /^lost: m1 .*unknown/,
  ],
  [
    'a broadcast that one of its recipients never got',
    [
      ...GOOD,
      { kind: 'sent', token: 't2', id: 'm2', queuedTo: ['bob', 'carol'] },
      { kind: 'final', id: 'm2', to: 'carol', state: 'read' },
    ],
    /^lost: m2 was sent to bob/,
  ],
  [
    'a message that is new twice',
    [...GOOD.slice(0, 5), { ...shown, session: 's2' }, ...GOOD.slice(6)],
    /^twice: m1 .*not as redelivered/,
  ],
  [
    'a message that one process shows twice',
    [...GOOD.slice(0, 5), { ...shown, redelivered: true }, ...GOOD.slice(6)],
    /^twice: m1 .*by one process/,
  ],
  ['a message that nobody sent', [...GOOD, { ...shown, id: 'm9', token: 't9' }], /^phantom: nobody sent m9/],
  [
    'a message that arrives under two ids',
    [...GOOD, { ...shown, agent: 'bob', id: 'm3', token: 't2' }],
    /^phantom: t2 arrived as m2 and as m3/,
  ],
  [
    'a message from somebody else than it says',
    [...GOOD, { ...shown, id: 'm2', from: 'mallory', token: 't2' }],
    /^phantom: m2 claims/,
  ],
  ['a message in a wrong inbox', [...GOOD, { ...shown, agent: 'carol' }], /^astray: m1 .*carol got it/],
  [
    'a message that comes back after its acknowledgement',
    [...GOOD, { ...shown, session: 's3', redelivered: true }],
    /^risen: m1/,
  ],
  [
    'a receipt for what no answer carried',
    [...GOOD, { kind: 'told', id: 'm2', to: 'bob', state: 'read' }],
    /^untrue: m2 .*read by bob/,
  ],
])('%s is found', (_, journal, problem) => {
  expect(check(journal)).toEqual([expect.stringMatching(problem)]);
});
