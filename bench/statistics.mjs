/** Samples, and what is said of them. Medians throughout: on a machine that others use, means tell of the others. */

export function median(samples) {
  return quantile(samples, 0.5);
}

/** @returns {{ median: number, q1: number, q3: number, min: number, max: number, samples: number }} */
export function summarize(samples) {
  return {
    median: median(samples),
    q1: quantile(samples, 0.25),
    q3: quantile(samples, 0.75),
    min: Math.min(...samples),
    max: Math.max(...samples),
    samples: samples.length,
  };
}

/**
 * The ratio of two medians, and how sure it is: the lowest and the highest of the ratios of a few stretches of the run.
 * Ours and floor are measured in turns, so what disturbs the machine for a while disturbs both within a stretch.
 */
export function compare(ours, floor, stretches = 5) {
  const ratios = [];
  for (let index = 0; index < stretches; index++) {
    const part = (samples) =>
      samples.slice(
        Math.floor((index * samples.length) / stretches),
        Math.floor(((index + 1) * samples.length) / stretches),
      );
    if (part(ours).length > 0 && part(floor).length > 0) ratios.push(median(part(ours)) / median(part(floor)));
  }
  return { ratio: median(ours) / median(floor), low: Math.min(...ratios), high: Math.max(...ratios) };
}

/** Milliseconds that `work` took. */
export async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export function quantile(samples, share) {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)];
  return below + (sorted[Math.ceil(at)] - below) * (at - Math.floor(at));
}
