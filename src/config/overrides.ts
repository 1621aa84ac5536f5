/** The environment variables that win over the keys of `[lanes]`. */
import type { Problem } from './problem.js';
import { DEFAULTS, SETTINGS, type Setting, type Values } from './schema.js';
import { judge } from './validate.js';

/**
 * `values` with those variables over them, and with the path of the list settled; adds a problem for each that is wrong.
 * Without lanes they mean nothing, and are not looked at: their names are not ours alone.
 */
export function laneOverrides(
  env: NodeJS.ProcessEnv,
  values: Values,
  home: string | undefined,
  problems: Problem[],
): Values {
  if (values['lanes.argv'] === undefined) return values;
  const settled: Record<string, unknown> = { ...values };
  for (const setting of SETTINGS) {
    if (!setting.key.startsWith('lanes.') || !('env' in setting)) continue;
    const text = env[setting.env] || undefined;
    // The default of a path needs a home, like one that is written.
    const fallback = setting.key === 'lanes.repos' ? (values[setting.key] ?? DEFAULTS[setting.key]) : undefined;
    const value = text === undefined ? fallback : asParsed(setting, text);
    if (value === undefined) continue;
    const verdict = judge(setting, value, home);
    if (verdict.faults === undefined) settled[setting.key] = verdict.value;
    else {
      const key = text === undefined ? setting.key : setting.env;
      problems.push(...verdict.faults.map(({ message }) => ({ key, message })));
    }
  }
  return settled as Values;
}

/** As the parser of the file would give it. */
function asParsed(setting: Setting, text: string): unknown {
  return setting.type === 'integer' && /^[+-]?\d{1,15}$/.test(text) ? BigInt(text) : text;
}
