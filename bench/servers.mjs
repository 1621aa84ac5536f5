/**
 * The servers that are compared: ours as it is built; a lean bundle of the SDK with a tool that does nothing, which is what
 * the SDK costs by itself, and one that only publishes a file; and a loop written by hand, which is what Node costs by itself.
 */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const artefact = path.join(root, 'dist/mcp-dispatch.cjs');

// As in scripts/build.mjs: without them the SDK would start three times as slowly, and be no floor.
const ALIASES = {
  ajv: './scripts/stubs/ajv.mjs',
  'ajv-formats': './scripts/stubs/ajv-formats.mjs',
  'zod/v3': './scripts/stubs/zod-v3.mjs',
  'zod-to-json-schema': './scripts/stubs/zod-to-json-schema.mjs',
};

const NO_LIMITS = '[limits]\ninbox_messages = 0\ninbox_bytes = 0\nsends_per_minute = 0\nthread_messages_per_hour = 0\n';

const LEAN = `
  import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
  import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
  import { publish } from './bench/publish.mjs';
  const { ASIDE, FOLDER, BYTES } = process.env;
  const bytes = Buffer.alloc(Number(BYTES ?? 0), 'a');
  const server = new McpServer({ name: 'lean', version: '1' });
  server.registerTool('empty', { description: 'Does nothing.' }, () => ({ content: [] }));
  server.registerTool('publish', { description: 'Publishes a file.' }, () => {
    publish(ASIDE, FOLDER, bytes);
    return { content: [] };
  });
  server.connect(new StdioServerTransport());
`;

const RAW = `
  let partial = '';
  const server = { name: 'raw', version: '1' };
  const answer = ({ method, params }) => {
    if (method === 'initialize') {
      return { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: server };
    }
    if (method === 'tools/call') return { content: [] };
    return {};
  };
  process.stdin.setEncoding('utf8').on('data', (text) => {
    const lines = (partial + text).split('\\n');
    partial = lines.pop();
    for (const line of lines) {
      const message = JSON.parse(line);
      if (message.id === undefined) continue;
      process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: answer(message) }) + '\\n');
    }
  });
`;

export class Servers {
  #temp;
  #env;

  /** Builds what is compared with into `temp`. */
  static async build(temp) {
    await build({
      absWorkingDir: root,
      stdin: { contents: LEAN, resolveDir: root, sourcefile: 'lean.mjs' },
      outfile: path.join(temp, 'lean.cjs'),
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      minify: true,
      legalComments: 'none',
      logLevel: 'warning',
      alias: ALIASES,
    });
    writeFileSync(path.join(temp, 'raw.cjs'), RAW);
    return new Servers(temp);
  }

  constructor(temp) {
    this.#temp = temp;
    const home = path.join(temp, 'home');
    mkdirSync(home);
    // A home without a configuration file, and nothing that would make Node itself start differently.
    const { PATH, SystemRoot, TMPDIR, TEMP, TMP } = process.env;
    this.#env = { PATH, SystemRoot, TMPDIR, TEMP, TMP, HOME: home, USERPROFILE: home };
  }

  /**
   * Ours, with the limits off: no agent sends as fast as it is measured here. `config` gives lines of the configuration.
   * @param {{ relay: string, agent: string, config?: string, node?: string }} options
   */
  ours({ relay, agent, config = '', node }) {
    const MCP_DISPATCH_CONFIG = path.join(this.#temp, `${agent}.toml`);
    writeFileSync(MCP_DISPATCH_CONFIG, `${config}\n${config.includes('[limits]') ? '' : NO_LIMITS}`);
    return this.#on(node, artefact, { ...this.#of(relay, agent), MCP_DISPATCH_CONFIG });
  }

  /** Ours without a configuration file. */
  oursPlain({ relay, agent, node }) {
    return this.#on(node, artefact, this.#of(relay, agent));
  }

  /** The same without code caches: how it starts with another Node than the one that built it. */
  oursUncached(options) {
    const folder = path.join(this.#temp, 'uncached');
    mkdirSync(folder, { recursive: true });
    for (const file of readdirSync(path.dirname(artefact)).filter((name) => name.endsWith('.cjs')))
      copyFileSync(path.join(path.dirname(artefact), file), path.join(folder, file));
    return { ...this.oursPlain(options), args: [path.join(folder, path.basename(artefact))] };
  }

  /** A command of ours, to be run for `agent`. */
  command({ relay, agent, args }) {
    const { command, args: own, ...rest } = this.oursPlain({ relay, agent });
    return { command, args: [...own, ...args], ...rest };
  }

  #of(relay, agent) {
    return { ...this.#env, MCP_DISPATCH_DIR: relay, MCP_DISPATCH_AGENT_ID: agent };
  }

  lean(node) {
    return this.#on(node, path.join(this.#temp, 'lean.cjs'), this.#env);
  }

  /** The lean bundle, whose tool `publish` puts files of `bytes` into `folder`, by way of `aside`. */
  leanWriter({ aside, folder, bytes }) {
    const place = { ASIDE: aside, FOLDER: folder, BYTES: String(bytes) };
    return this.#on(undefined, path.join(this.#temp, 'lean.cjs'), { ...this.#env, ...place });
  }

  raw(node) {
    return this.#on(node, path.join(this.#temp, 'raw.cjs'), this.#env);
  }

  #on(node = process.execPath, file, env) {
    return { command: node, args: [file], env, cwd: this.#temp };
  }
}
