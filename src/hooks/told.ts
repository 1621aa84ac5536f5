/** Which messages a session was told of, by their ids, and when it is told of them again. */
import type { Moment } from './shapes.js';

/** `kept`: what was read before the session began was named. */
export interface Told {
  readonly prompt: readonly string[];
  readonly step: readonly string[];
  readonly stop: readonly string[];
  readonly kept: boolean;
}

const NOTHING: Told = { prompt: [], step: [], stop: [], kept: false };

// In which ways a message counts as announced after each: what begins a turn is in the context of all its steps, and who was
// held back from stopping needs no telling by the next step.
const COUNTS: { readonly [moment in Moment]: readonly ('prompt' | 'step' | 'stop')[] } = {
  start: ['prompt', 'step'],
  prompt: ['prompt', 'step'],
  step: ['step'],
  stop: ['stop', 'step'],
  end: [],
};

/** The ids of `unread` that are news at this moment. At a start everything is: the model knows nothing, or no longer. */
export function newsAmong(unread: readonly string[], told: Told, moment: Moment): string[] {
  if (moment === 'start') return [...unread];
  if (moment === 'end') return [];
  const before = new Set(told[moment]);
  return unread.filter((id) => !before.has(id));
}

/** What was told once `news` is announced. What is no longer unread is forgotten. */
export function afterTelling(told: Told, moment: Moment, news: readonly string[], unread: readonly string[]): Told {
  // A start makes all forgotten but what held back a stop: it must not do so twice.
  const before = moment === 'start' ? { ...NOTHING, stop: told.stop } : told;
  const still = new Set(unread);
  const merged = (way: 'prompt' | 'step' | 'stop') => {
    const ids = new Set(before[way].filter((id) => still.has(id)));
    if (COUNTS[moment].includes(way)) for (const id of news) ids.add(id);
    return [...ids];
  };
  const kept = told.kept || moment === 'start' || moment === 'prompt';
  return { prompt: merged('prompt'), step: merged('step'), stop: merged('stop'), kept };
}

/** Whatever is no memory is an empty one. */
export function parseMemory(bytes: Uint8Array | undefined): Told {
  if (bytes === undefined) return NOTHING;
  try {
    const { prompt, step, stop, kept } = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return { prompt: texts(prompt), step: texts(step), stop: texts(stop), kept: kept === true };
  } catch {
    return NOTHING;
  }
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
