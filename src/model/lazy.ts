/** Puts off what not every run needs: a schema, a table. */

/** A function that gives what `make` makes, made the first time. */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
