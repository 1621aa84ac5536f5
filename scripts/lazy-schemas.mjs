/**
 * The MCP SDK makes 159 schemas when it is loaded, a tenth of the time that a start takes, and a server needs a third of them.
 * In the bundle the name of each stands for a function that makes it once, and whoever uses the name calls it.
 */
import { readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

// Whatever a declaration goes on with begins with a space or a bracket: what does not is the next one, or a comment.
const DECLARATIONS = /^((?:export )?const \w+Schema = )(.*?);$(?=\n[a-z/])/gms;

const MAKE_ONCE = 'function makeOnce(make) { let made; return () => (made ??= make()); }';

/** The plugin of esbuild. Throws where the SDK does not declare its schemas one by one at the top of a file, as it does now. */
export function lazySchemas(root) {
  // As esbuild names its files: node_modules is a link where defects are tried.
  const sdk = realpathSync(path.join(root, 'node_modules', '@modelcontextprotocol', 'sdk', 'dist', 'esm'));
  const types = path.join(sdk, 'types.js');
  const source = readFileSync(types, 'utf8');
  const names = [...source.matchAll(/\bconst (\w+Schema)\b/g)].map(([, name]) => name);

  const uses = new RegExp(`^import [^;]*;|\\bconst \\w+Schema = |\\b(?:${names.join('|')})\\b`, 'gm');
  const withCalls = (text) => text.replace(uses, (found) => (found.includes(' ') ? found : `${found}()`));
  let declared = 0;
  const declarations = withCalls(source).replace(DECLARATIONS, (_, head, schema) => {
    declared++;
    return `${head}/* @__PURE__ */ makeOnce(() => ${schema});`;
  });
  if (declared < 100 || declared !== names.length)
    throw new Error(`${types} declares ${names.length} schemas, and ${declared} of them as expected`);

  return {
    name: 'lazy-schemas',
    setup({ onLoad }) {
      onLoad({ filter: /\.[jt]s$/ }, ({ path: file }) => {
        if (file === types) return { contents: `${declarations}\n${MAKE_ONCE}`, loader: 'js' };
        // Nobody else imports the SDK, see test/layers.test.ts.
        if (![sdk, path.join(root, 'src', 'mcp')].some((folder) => file.startsWith(folder + path.sep)))
          return undefined;
        return { contents: withCalls(readFileSync(file, 'utf8')), loader: path.extname(file).slice(1) };
      });
    },
  };
}
