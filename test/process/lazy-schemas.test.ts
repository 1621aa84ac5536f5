/** What the build makes of the SDK's schemas. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as sdk from '@modelcontextprotocol/sdk/types.js';
import { build } from 'esbuild';
import { expect, it, onTestFinished } from 'vitest';
import * as zod from 'zod/v4';
import { lazySchemas } from '../../scripts/lazy-schemas.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const SDK = 'node_modules/@modelcontextprotocol/sdk/dist/esm';

type Bundled = { readonly [name: string]: () => zod.ZodType };

/** The SDK's file of schemas as it is bundled, and how many schemas were made so far. */
async function bundled() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [`${SDK}/types.js`],
    bundle: true,
    write: false,
    format: 'cjs',
    external: ['zod/v4'],
    plugins: [lazySchemas(root)],
  });
  let made = 0;
  const counting = new Proxy(zod, {
    get: (target, name: keyof typeof zod) => {
      made++;
      return target[name];
    },
  });
  const module = { exports: {} as Bundled };
  new Function('module', 'require', outputFiles[0]?.text ?? '')(module, () => counting);
  return { schemas: module.exports, made: () => made };
}

it('makes none of them before somebody asks for it, and each once', async () => {
  const { schemas, made } = await bundled();
  expect(made()).toBe(0);
  const first = schemas.ToolSchema?.();
  expect(made()).toBeGreaterThan(0);
  const soFar = made();
  expect(schemas.ToolSchema?.()).toBe(first);
  expect(made()).toBe(soFar);
});

it('leaves them as they are in the SDK', async () => {
  const { schemas } = await bundled();
  expect(Object.keys(schemas).sort()).toEqual(Object.keys(sdk).sort());
  const describe = (schema: zod.ZodType | undefined) => schema && zod.toJSONSchema(schema, { unrepresentable: 'any' });
  expect(describe(schemas.CallToolResultSchema?.())).toEqual(describe(sdk.CallToolResultSchema));
  expect(describe(schemas.JSONRPCMessageSchema?.())).toEqual(describe(sdk.JSONRPCMessageSchema));
});

it.each([
  ['declares few', 'export const OneSchema = z.object({});\n'],
  [
    'declares one within another',
    `${'export const OneSchema = z.object({});\n'.repeat(100)}{ const InnerSchema = 1; }\n`,
  ],
])('fails where the SDK %s', (_, source) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-schemas-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(path.join(folder, SDK), { recursive: true });
  writeFileSync(path.join(folder, SDK, 'types.js'), source);
  expect(() => lazySchemas(folder)).toThrow(/types\.js declares \d+ schemas, and \d+ of them as expected/);
});
