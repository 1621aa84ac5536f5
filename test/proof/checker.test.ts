/**
 * The checker finds nothing in a good run, and each kind of defect when it is planted: in the journal, in the directory, and
 * as a store that is defective while the run goes on.
 */
import { appendFileSync, chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DEFECTS } from '../helpers/model/defects.js';
import { useTemporaryDirectories } from '../helpers/store-relay.js';
import { check } from './checker.js';
import type { Event, Shown } from './checker-journal.js';
import { readRelay } from './checker-relay.js';
import { ScriptedRun } from './checker-run.js';

const temporaryDirectory = useTemporaryDirectories();

async function goodRun() {
  const root = temporaryDirectory();
  const relay = path.join(root, 'relay');
  const elsewhere = path.join(root, 'home');
  mkdirSync(elsewhere);
  const run = new ScriptedRun(relay);
  await run.play();
  return { relay, elsewhere, run, facts: readRelay(relay, [elsewhere]) };
}

let good: Awaited<ReturnType<typeof goodRun>>;

test('a good run has no problems', async () => {
  good = await goodRun();
  expect(check(good.run.journal, good.facts)).toEqual([]);
  expect(good.run.journal.filter((event) => event.kind === 'shown' && event.redelivered)).toHaveLength(1);
});

describe('in the journal', () => {
  let run: ScriptedRun;
  beforeAll(async () => {
    good = await goodRun();
    run = good.run;
  });
  const at = (kind: Event['kind'], index = 0): Event =>
    run.journal.filter((event) => event.kind === kind)[index] as Event;
  const shown = (token: string, agent = 'bob') =>
    run.journal.find(
      (event): event is Shown =>
        event.kind === 'shown' && event.agent === agent && event.body.content.startsWith(token),
    ) as Shown;
  const without = (...dropped: Event[]) => run.journal.filter((event) => !dropped.includes(event));
  const replaced = (old: Event, event: object) =>
    run.journal.map((each) => (each === old ? ({ ...old, ...event } as Event) : each));
  const acks = () => run.journal.filter(({ kind }) => kind === 'acked').length;
  const added = (event: object) => [...run.journal, event as Event];

  test.each<[string, () => readonly Event[], RegExp]>([
    [
      'a message that was never shown',
      () => without(shown('third')),
      /^I1 (lost|untrue): \S+ .*(never shown|which it was not)/,
    ],
    [
      'a message that was sent and is nowhere',
      () => added({ kind: 'sent', token: 'second', id: 'msg-elsewhere', queuedTo: ['bob'] }),
      /^I1 lost: msg-elsewhere for bob is nowhere/,
    ],
    [
      'a message that is new twice',
      () => added({ ...shown('second'), session: 's9', reply: 'r9' }),
      /^I4 twice: .*not as redelivered/,
    ],
    [
      'a message that one process shows twice',
      () => added({ ...shown('second'), redelivered: true, reply: 'r9' }),
      /^I4 twice: .*by one process/,
    ],
    ['a second showing without a kill', () => without(at('killed')), /^I4 twice: .*no kill excuses it/],
    [
      'a message that nobody sent',
      () => without(...run.journal.filter((event) => 'token' in event && event.token === 'second')),
      /^I2 phantom: nobody sent/,
    ],
    [
      'a message under two ids',
      () => replaced(shown('second'), { id: 'msg-other' }),
      /^I2 phantom: second is there as/,
    ],
    [
      'a message from somebody else',
      () => replaced(shown('second'), { from: 'mallory' }),
      /^I2 phantom: .*claims to be from mallory/,
    ],
    [
      'a message that is shown with other words',
      () => replaced(shown('second'), { body: { ...shown('second').body, content: 'second thoughts' } }),
      /^I2 altered/,
    ],
    [
      'a message that is shown to somebody else',
      () => added({ ...shown('second'), agent: 'carol' }),
      /^I3 astray: .*with carol/,
    ],
    [
      'a broadcast that leaves somebody out',
      () =>
        run.journal.map((event) =>
          event.kind === 'sent' && event.queuedTo.length > 1 ? { ...event, queuedTo: ['bob'] } : event,
        ),
      /^I3 astray: .*was for bob, carol/,
    ],
    [
      'an order that is turned round',
      () => {
        const [one, two] = [shown('second'), shown('third')];
        return run.journal.map((event) => (event === one ? two : event === two ? one : event));
      },
      /^I5 disorder: .*was sent before/,
    ],
    [
      'urgent mail behind the rest',
      () => {
        const [urgent, normal] = [shown('urgent'), shown('second')];
        return run.journal.map((event) => (event === urgent ? normal : event === normal ? urgent : event));
      },
      /^I5 disorder: .*is urgent/,
    ],
    [
      'a message that comes back after its acknowledgement',
      () => added({ ...shown('first'), session: 's9', reply: 'r9', redelivered: true, acksBefore: acks() }),
      /^I1 risen: .*new to bob after/,
    ],
    [
      'an acknowledgement that the relay does not know',
      () => added({ kind: 'acked', agent: 'bob', ids: [shown('second').id] }),
      /^I1 risen: .*acknowledged by bob and is read/,
    ],
    [
      'a receipt for what no answer carried',
      () => added({ kind: 'told', id: shown('first').id, to: 'carol', state: 'read', asked: false }),
      /^I1 untrue: .*read by carol/,
    ],
    [
      'an answer to its sender that is not so',
      () => added({ kind: 'told', id: shown('second').id, to: 'bob', state: 'acked', asked: true }),
      /^I1 untrue: .*told acked/,
    ],
    [
      'an error for a message that is there',
      () => added({ kind: 'refused', token: 'second', unknown: false }),
      /^I6 untrue: second/,
    ],
    [
      'a call that fails',
      () => added({ kind: 'failed', agent: 'bob', what: 'peek was answered with INTERNAL' }),
      /^I8 failed/,
    ],
    ['a slow recovery', () => added({ kind: 'recovered', agent: 'bob', ms: 2001 }), /^I8 slow/],
  ])('%s is found', (_, journal, problem) => {
    expect(check(journal(), good.facts)).toContainEqual(expect.stringMatching(problem));
  });

  test('a message that another server had taken before its acknowledgement was answered has not risen', () => {
    const again = { ...shown('first'), session: 's9', reply: 'r9', redelivered: true };
    const risen = (acksBefore: number) =>
      check(added({ ...again, acksBefore }), good.facts).filter((problem) => problem.startsWith('I1 risen'));
    expect(risen(acks())).toHaveLength(1);
    expect(risen(0)).toEqual([]);
  });
});

describe('in the directory', () => {
  let relay: string;
  let elsewhere: string;
  let run: ScriptedRun;
  beforeEach(async () => {
    ({ relay, elsewhere, run } = await goodRun());
  });
  const file = (token: string, agent = 'bob') => path.join(relay, run.fileOf(token, agent));
  const name = (token: string) => path.basename(run.fileOf(token, 'bob'));

  test.each<[string, () => void, RegExp]>([
    ['a lost message', () => rmSync(file('second')), /^I1 lost: \S+ for bob is nowhere/],
    [
      'a message in two places',
      () => copyFileSync(file('second'), path.join(relay, 'bob', name('second').replace(/~.*/, '.json'))),
      /^I1 lost: \S+ for bob is (read and pending|pending and read)/,
    ],
    [
      'a copy in another inbox',
      () => copyFileSync(file('second'), path.join(relay, 'carol', name('second'))),
      /^I3 astray: .*with carol/,
    ],
    [
      'an altered byte',
      () => writeFileSync(file('second'), readFileSync(file('second'), 'utf8').replace('second', 'secomd')),
      /^I2 (altered|phantom)/,
    ],
    ['a torn message', () => writeFileSync(file('second'), readFileSync(file('second')).subarray(0, 40)), /^I9 torn/],
    ['a message that grew', () => appendFileSync(file('second'), ' '), /^I9 torn/],
    ['a lost receipt', () => rmSync(path.join(relay, run.receiptOf('first'))), /^I1 lost: \S+ for bob is nowhere/],
    [
      'a receipt for a message that nobody sent',
      () =>
        copyFileSync(
          path.join(relay, run.receiptOf('first')),
          path.join(relay, run.receiptOf('first').replace(/msg-\w+/, 'msg-nobodysent')),
        ),
      /^I2 phantom: there is a record of msg-nobodysent/,
    ],
    [
      'a message of another name',
      () => copyFileSync(file('second'), file('second').replace(/msg-\w+/, 'msg-other')),
      /^I9 forged/,
    ],
    [
      'a message that nobody sent',
      () => {
        const text = readFileSync(file('second'), 'utf8')
          .replace(/msg-\w+/, 'msg-phantom00000')
          .replace('second', 'nobody');
        writeFileSync(file('second').replace(/msg-\w+/, 'msg-phantom00000'), text);
      },
      /^I2 phantom: nobody sent msg-phantom00000/,
    ],
    [
      'a message that is still unread',
      () => copyFileSync(file('second'), path.join(relay, 'bob', name('second').replace(/~.*/, '.json'))),
      /pending/,
    ],
    [
      'a file outside the relay',
      () => writeFileSync(path.join(elsewhere, 'note'), ''),
      /^I9 outside: .*note was written/,
    ],
    ['a file that others can read', () => chmodSync(file('second'), 0o644), /^I9 rights: .*has mode 644/],
    [
      'more leftovers than kills',
      () => {
        for (const left of ['a', 'b']) writeFileSync(path.join(relay, '.tmp', left), '', { mode: 0o600 });
      },
      /^I8 leftovers: 2 of 1/,
    ],
  ])('%s is found', (_, plant, problem) => {
    plant();
    expect(check(run.journal, readRelay(relay, [elsewhere]))).toContainEqual(expect.stringMatching(problem));
  });
});

describe('in a store', () => {
  test.each(DEFECTS)('that %s, what a run comes to is found', async (_, begin) => {
    const defective = path.join(temporaryDirectory(), 'relay');
    const bad = new ScriptedRun(defective, begin());
    // Long enough for a defect that shows every third time.
    for (let round = 0; round < 4; round++) await bad.play();
    expect(check(bad.journal, readRelay(defective))).not.toEqual([]);
  });
});
