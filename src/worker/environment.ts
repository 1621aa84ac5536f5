/** The environment of an executor: nothing but the names that its operator gave. */

/**
 * The variables of `names` that `source` has, with their values; a name that is not set there is not set here. Nothing else
 * goes along: no token of a client, no NODE_OPTIONS, no identity of an agent.
 */
export function buildEnvironment(names: readonly string[], source: NodeJS.ProcessEnv): [name: string, value: string][] {
  return [...new Set(names)].flatMap((name) => {
    const value = Object.hasOwn(source, name) ? source[name] : undefined;
    return value === undefined ? [] : [[name, value]];
  });
}
