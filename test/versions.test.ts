/** There is one version, that of package.json: everything else that names one says the same (npm run docs writes most). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface DocsScript {
  readonly MANIFESTS: readonly string[];
  renderManifest(manifest: string, version: string): string;
}

const script = (await import(new URL('../scripts/docs.mjs', import.meta.url).href)) as DocsScript;
const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
const { name, version, mcpName } = JSON.parse(read('package.json'));

describe('the version of package.json', () => {
  it('is an exact one', () => {
    expect(version).toMatch(/^\d+\.\d+\.\d+(-[0-9a-z.-]+)?$/);
  });

  it.each(script.MANIFESTS)('stands in %s', (file) => {
    expect(read(file)).toBe(script.renderManifest(read(file), version));
    expect(JSON.parse(read(file)).version).toBe(version);
  });

  it('stands in package-lock.json', () => {
    const { packages, ...lock } = JSON.parse(read('package-lock.json'));
    expect([lock.version, packages[''].version]).toEqual([version, version]);
  });

  it('heads CHANGELOG.md', () => {
    const [, newest] = /^## \[([^\]]+)\]/m.exec(read('CHANGELOG.md')) ?? [];
    expect(newest).toBe(version);
  });

  it('is the only one of ours that the docs name', () => {
    const named = ['README.md', 'CONTRIBUTING.md', 'plugin/README.md', 'docs/working-together.md'].flatMap((file) =>
      [...read(file).matchAll(/mcp-dispatch@(\d[\w.-]*\w)/g)].map(([, one]) => `${file}: ${one}`),
    );
    expect(named.filter((one) => !one.endsWith(`: ${version}`))).toEqual([]);
  });

  it('is named by no other file of the plugin, where it would be forgotten', () => {
    expect(JSON.stringify(JSON.parse(read('.claude-plugin/marketplace.json')))).not.toContain('"version"');
  });
});

describe('renderManifest', () => {
  it('sets every version and nothing else', () => {
    const manifest = '{\n  "schema_version": "1",\n  "version": "0.0.1",\n  "packages": [{ "version": "0.0.2" }]\n}\n';
    expect(script.renderManifest(manifest, '1.2.3')).toBe(
      '{\n  "schema_version": "1",\n  "version": "1.2.3",\n  "packages": [{ "version": "1.2.3" }]\n}\n',
    );
  });

  it('refuses a file that has no place for one', () => {
    expect(() => script.renderManifest('{}', '1.2.3')).toThrow('must hold a "version"');
  });
});

describe('server.json', () => {
  const server = JSON.parse(read('server.json'));

  // The rules of the registry's schema of that date, and those that it checks when something is published.
  it('follows the schema that it names', () => {
    expect(Object.keys(server).sort()).toEqual(['$schema', 'description', 'name', 'packages', 'title', 'version']);
    expect(server.$schema).toBe('https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json');
    expect(server.name).toMatch(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/);
    expect(server.name.length).toBeLessThanOrEqual(200);
    for (const text of [server.title, server.description]) {
      expect(text.length).toBeGreaterThan(0);
      expect(text.length).toBeLessThanOrEqual(100);
    }
  });

  it('has the name that package.json claims, letter for letter, in a namespace that can be proven', () => {
    expect(mcpName).toBe(server.name);
    expect(server.name).toMatch(/^io\.github\.[A-Za-z0-9-]+\/mcp-dispatch$/);
  });

  it('names one package of npm, run over stdio', () => {
    const [entry, ...others] = server.packages;
    expect(others).toEqual([]);
    expect(Object.keys(entry).sort()).toEqual([
      'environmentVariables',
      'identifier',
      'registryType',
      'runtimeHint',
      'transport',
      'version',
    ]);
    expect(entry).toMatchObject({
      registryType: 'npm',
      identifier: name,
      runtimeHint: 'npx',
      transport: { type: 'stdio' },
    });
  });

  it('describes variables that the program reads, none of them secret or required', () => {
    const variables: Record<string, unknown>[] = server.packages[0].environmentVariables;
    const sources = read('src/config/load.ts') + read('src/config/locate.ts') + read('src/config/paths.ts');
    expect(variables.length).toBeGreaterThan(0);
    for (const { name: variable, description, format = 'string', ...others } of variables) {
      expect(sources).toMatch(new RegExp(`\\b${variable}\\b`));
      expect(String(description).length).toBeGreaterThan(20);
      expect(['string', 'filepath']).toContain(format);
      expect(others).toEqual({});
    }
  });
});
