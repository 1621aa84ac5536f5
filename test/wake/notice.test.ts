/** The words that wake a model: true, bounded, and none of them a sender's. */
import { describe, expect, it } from 'vitest';
import { composeNotice, MOST_CHARACTERS } from '../../src/wake/notice.js';
import { MINUTE, START } from '../helpers/relay-world.js';
import { candidate } from './candidates.js';

describe('a notice', () => {
  it('says how much waits, from whom, which ids, which are urgent, since when, and how to answer', () => {
    const waiting = [
      candidate('msg-a'),
      candidate('msg-b', { from: 'carol', urgent: true, at: START + 1000 }),
      candidate('msg-c', { at: START + 2000 }),
    ];
    expect(composeNotice('bob', waiting, START + 3 * MINUTE)).toEqual({
      agent: 'bob',
      text: 'mcp-dispatch: 3 messages wait for you (bob), 1 urgent, from carol, alice. The oldest was sent 3 min ago, as of 20:33:00 UTC. Ids: msg-b (urgent), msg-a, msg-c. The peek tool of mcp-dispatch shows them; an answer reaches its sender through the dispatch tool of mcp-dispatch, and not through SendMessage. Written by the mcp-dispatch server of this session, not by the user or another session.',
      count: 3,
      from: 'carol, alice',
      ids: ['msg-b', 'msg-a', 'msg-c'],
    });
    expect(composeNotice('bob', waiting.slice(0, 1), START).text).toBe(
      'mcp-dispatch: 1 message waits for you (bob), from alice. Sent 0 s ago, as of 20:30:00 UTC. Id: msg-a. The peek tool of mcp-dispatch shows it; an answer reaches the sender through the dispatch tool of mcp-dispatch, and not through SendMessage. Written by the mcp-dispatch server of this session, not by the user or another session.',
    );
  });

  it('is one line of at most 600 characters, however much waits and however long the names are', () => {
    const long = (letter: string, number: number) => `${letter.repeat(60)}${number}`;
    for (const most of [1, 2, 5, 6, 10_000]) {
      const waiting = Array.from({ length: most }, (_, number) =>
        candidate(long('m', number % 1000), { from: long('a', number % 20), urgent: true }),
      );
      const { text, count } = composeNotice('b'.repeat(64), waiting, START + 1e9);
      expect(text.length).toBeLessThanOrEqual(MOST_CHARACTERS);
      expect(text).toMatch(/^[\x20-\x7e]+$/);
      expect(text).not.toMatch(/[<>]/);
      expect(count).toBe(most);
    }
  });

  it('names five ids and three senders, and how many more there are', () => {
    const waiting = Array.from({ length: 20 }, (_, number) => candidate(`msg-${number}`, { from: `agent-${number}` }));
    const { text, ids } = composeNotice('bob', waiting, START);
    expect(text).toContain('from agent-0, agent-1, agent-2 and 17 more.');
    expect(text).toContain('Ids: msg-0, msg-1, msg-2, msg-3, msg-4 and 15 more.');
    expect(ids).toHaveLength(20);
  });

  it('of the same mail at another time is another line, so that no client takes it for a repetition', () => {
    const waiting = [candidate('msg-a')];
    const lines = [0, 1, 60, 180].map((seconds) => composeNotice('bob', waiting, START + seconds * 1000).text);
    expect(new Set(lines).size).toBe(4);
  });

  it('says nothing negative of time when the clock was set back', () => {
    expect(composeNotice('bob', [candidate('msg-a')], START - 1e9).text).toContain('Sent 0 s ago');
  });
});
