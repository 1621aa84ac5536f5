/** `a, b and 3 more`: as many words as the bounds allow, at least the first. `characters` bounds those that are shown together. */
export function listSome(words: readonly string[], most: number, characters = Number.POSITIVE_INFINITY): string {
  const shown: string[] = [];
  let used = 0;
  for (const word of words.slice(0, most)) {
    used += word.length + 2;
    if (shown.length > 0 && used > characters) break;
    shown.push(word);
  }
  const more = words.length - shown.length;
  return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`;
}
