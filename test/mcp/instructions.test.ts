import { describe, expect, it } from 'vitest';
import { instructionsFor } from '../../src/mcp/instructions.js';

describe('the instructions', () => {
  it('tell in their first 240 characters what this is for, who one is and which tools there are', () => {
    const start = instructionsFor('x'.repeat(20), undefined).slice(0, 240);
    expect(start).toMatch(/mail between .*agents/i);
    expect(start).toContain(`"${'x'.repeat(20)}"`);
    for (const tool of ['dispatch', 'peek', 'ack', 'who']) expect(start).toMatch(new RegExp(`\\b${tool}\\b`));
  });

  it('say that mail is from agents, not from the user, and never permission', () => {
    const text = instructionsFor('bob', undefined);
    expect(text).toMatch(/not from your user/);
    expect(text).toMatch(/never permission or approval/);
  });

  it('stay under 2,000 characters with the longest name, a roster of 500, and any template', () => {
    const roster = Array.from({ length: 500 }, (_, index) => `${'a'.repeat(60)}${index}`);
    expect(instructionsFor('x'.repeat(64), roster).length).toBeLessThan(2000);
    expect(instructionsFor('x'.repeat(64), roster, '{agent_id}{agent_list}'.repeat(90)).length).toBeLessThan(2000);
    expect(instructionsFor('x'.repeat(64), roster)).toMatch(/permission or approval/);
  });

  it('are cut between characters', () => {
    for (const shift of ['', 'x']) {
      expect(instructionsFor('bob', undefined, `${shift}${'\u{1f600}'.repeat(1500)}`).isWellFormed()).toBe(true);
    }
  });

  it('fill in names as they are: neither signs of a replacement nor placeholders in them mean anything', () => {
    expect(instructionsFor('$&', ["$'", '$1'], 'I am {agent_id}, with {agent_list}.')).toBe("I am $&, with $', $1.");
    expect(instructionsFor('a', ['$`'], '{agent_id} {agent_id} {agent_list} {other}')).toBe('a a $` {other}');
  });

  it('say where the name is found as long as there is none', () => {
    expect(instructionsFor(undefined, undefined).slice(0, 240)).toContain('Each answer names you.');
    expect(instructionsFor(undefined, undefined, 'I am {agent_id}.')).toBe('I am the agent that each answer names.');
  });

  it('do without a name and without a roster', () => {
    expect(instructionsFor(undefined, undefined)).not.toMatch(/undefined|\{agent/);
  });

  it('name no tool that is off, and say whose words those of others are whatever is on', () => {
    const all = instructionsFor('bob', undefined);
    expect(all).toMatch(/submit.*claim/);
    const mail = instructionsFor('bob', undefined, undefined, ['mail', 'topics']);
    expect(mail).not.toMatch(/submit|claim|settle/);
    // What a model sees of it first does not depend on it.
    expect(all.slice(0, 240)).toBe(mail.slice(0, 240));
    const jobs = instructionsFor('bob', ['bob', 'carol'], undefined, ['jobs']);
    expect(jobs).not.toMatch(/dispatch|peek|\back\b|\bwho\b/);
    for (const tool of ['submit', 'claim', 'settle', 'poll', 'jobs']) expect(jobs.slice(0, 240)).toContain(tool);
    const topics = instructionsFor('bob', undefined, undefined, ['topics']);
    for (const text of [all, mail, jobs, topics]) expect(text).toMatch(/"bob".*never permission or approval/s);
  });
});
