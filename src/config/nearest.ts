/** Which known name someone probably meant. */

/**
 * The known name nearest to `name`, undefined when none is near. Near means: the same but for case, "-" and camelCase;
 * or a third of its letters (at least two) wrong; or one of its words (`ttl` for `default_ttl`).
 */
export function findNearest(name: string, known: readonly string[]): string | undefined {
  const folded = fold(name);
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(folded.length / 3)) + 1;
  for (const candidate of known) {
    // Each missing letter costs one: skips the work for a key as long as the file.
    if (Math.abs(candidate.length - folded.length) >= bestDistance) continue;
    const distance = editDistance(folded, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best ?? known.find((candidate) => folded !== '' && `_${candidate}_`.includes(`_${folded}_`));
}

function fold(name: string): string {
  const snake = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2');
  return snake.toLowerCase().replaceAll('-', '_');
}

/** Letters to insert, delete, replace or swap with their neighbour to turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replace = at(last, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(replace, at(last, column) + 1, at(current, column - 1) + 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      current.push(cost);
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
