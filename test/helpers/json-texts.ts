/** Texts of client files as people leave them: comments anywhere, any white space, commas before brackets, perhaps a byte order mark. */
import fc from 'fast-check';

const space = fc.constantFrom('', ' ', '\n', '\n  ', '\r\n\t', ' // c\n', ' /* c */ ', '\n  // "x": {\n  ');
const key = fc.constantFrom('a', 'mcpServers', 'hooks', 'é "', 'mcp');
const { node } = fc.letrec<{ node: string; object: string; list: string }>((tie) => ({
  node: fc.oneof({ maxDepth: 3 }, fc.constantFrom('1', '"x, // y"', 'null', 'true'), tie('object'), tie('list')),
  object: written('{', '}', propertiesOf(fc.uniqueArray(key, { maxLength: 3 }), tie('node'))),
  list: written('[', ']', fc.array(tie('node'), { maxLength: 3 })),
}));

/** A file that may have servers, and hooks of the event, but none of our name. */
export function jsonFile(event: string): fc.Arbitrary<string> {
  const servers = property('mcpServers', written('{', '}', some(property('a', node), property('b', node))));
  const list = property(event, written('[', ']', fc.array(node, { maxLength: 2 })));
  const hooks = property('hooks', written('{', '}', some(property('Other', node), list)));
  return fc
    .tuple(fc.constantFrom('', '\ufeff'), space, written('{', '}', some(property('x', node), servers, hooks)), space)
    .map((parts) => parts.join(''));
}

/** Items between brackets, with space and comments anywhere, and perhaps a comma behind the last. */
function written(open: string, close: string, items: fc.Arbitrary<readonly string[]>): fc.Arbitrary<string> {
  return fc.tuple(items, fc.array(space, { minLength: 8, maxLength: 8 }), fc.boolean()).map(([all, gaps, trailing]) => {
    const body = all.map((item, at) => {
      const comma = at < all.length - 1 || trailing ? ',' : '';
      return `${gaps[at]}${item}${gaps[at + 3]}${comma}`;
    });
    return `${open}${body.join('')}${gaps[7]}${close}`;
  });
}

function property(name: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return value.map((text) => `${JSON.stringify(name)}: ${text}`);
}

function propertiesOf(keys: fc.Arbitrary<string[]>, value: fc.Arbitrary<string>): fc.Arbitrary<string[]> {
  const values = fc.array(value, { minLength: 3, maxLength: 3 });
  return fc.tuple(keys, values).map(([names, all]) => names.map((name, at) => `${JSON.stringify(name)}: ${all[at]}`));
}

/** Some of them, in their order. */
function some(...properties: fc.Arbitrary<string>[]): fc.Arbitrary<string[]> {
  return fc.subarray(properties).chain((chosen) => fc.tuple(...chosen));
}
