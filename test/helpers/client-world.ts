/** A home with clients in it, none of them real: programs that write their files as the real ones were seen to, and log how they were run. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { CLIENTS } from '../../src/clients/all.js';
import type { Client, Scope } from '../../src/clients/client.js';
import type { Machine } from '../../src/clients/machine.js';
import type { Outcome } from '../../src/clients/outcome.js';
import { remove } from '../../src/clients/removal.js';
import { setUp, type Wish } from '../../src/clients/setup.js';

/** What `claude mcp` of 2.1.329 does: the file anew, two spaces, no last line break; a name that is taken is refused. */
const CLAUDE = `
if (argv[0] === '--version') say('2.1.329 (Claude Code)');
const [, verb, , scope, name, text] = argv;
const file = scope === 'project' ? '.mcp.json' : path.join(process.env.HOME, '.claude.json');
const data = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
data.mcpServers ??= {};
if (verb === 'add-json') {
  if (name in data.mcpServers) fail('MCP server ' + name + ' already exists in ' + scope + ' config');
  data.mcpServers[name] = JSON.parse(text);
} else delete data.mcpServers[name];
if (scope === 'user') data.firstStartTime ??= '2026-11-21T19:22:34.841Z';
fs.writeFileSync(file, JSON.stringify(data, null, 2));
`;

/** What `codex mcp` of 0.169 does: all but its table stays as it is; a file that it empties stays there. */
const CODEX = `
if (argv[0] === '--version') say('codex-cli 0.169.0');
const folder = process.env.CODEX_HOME ?? path.join(process.env.HOME, '.codex');
const file = path.join(folder, 'config.toml');
const table = (name) => new RegExp('\\\\n?\\\\[mcp_servers\\\\.' + name + '\\\\][^]*?(?=\\\\n\\\\[(?!mcp_servers\\\\.' + name + '\\\\.)|$)');
let text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
const [, verb, name, ...rest] = argv;
text = text.replace(table(name), '');
if (verb === 'add') {
  const [command, ...args] = rest.slice(rest.indexOf('--') + 1);
  const env = rest.slice(0, rest.indexOf('--')).filter((word) => word !== '--env').map((word) => word.split('='));
  text += (text === '' ? '' : '\\n') + '[mcp_servers.' + name + ']\\ncommand = ' + JSON.stringify(command) + '\\nargs = ' + JSON.stringify(args) + '\\n';
  if (env.length > 0) text += '\\n[mcp_servers.' + name + '.env]\\n' + env.map(([key, value]) => key + ' = ' + JSON.stringify(value) + '\\n').join('');
}
fs.mkdirSync(folder, { recursive: true });
fs.writeFileSync(file, text);
`;

/** What `gemini mcp` of 0.61 does: comments stay, the file is indented anew and loses its last line break. */
const GEMINI = `
if (argv[0] === '--version') say('0.61.0');
const jsonc = require(${JSON.stringify(createRequire(import.meta.url).resolve('jsonc-parser'))});
const [, verb, , scope, ...rest] = argv;
const file = path.join(scope === 'project' ? process.cwd() : process.env.HOME, '.gemini', 'settings.json');
let text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '{}';
const env = {};
while (rest[0] === '-e') env[rest[1].split('=')[0]] = rest.splice(0, 2)[1].split('=')[1];
const [name, command, ...args] = rest;
const entry = { command, args, ...(Object.keys(env).length > 0 ? { env } : {}) };
const formattingOptions = { insertSpaces: true, tabSize: 2, eol: '\\n' };
const value = verb === 'add' ? entry : undefined;
text = jsonc.applyEdits(text, jsonc.modify(text, ['mcpServers', name], value, { formattingOptions }));
text = jsonc.applyEdits(text, jsonc.format(text, undefined, formattingOptions)).trimEnd();
fs.mkdirSync(path.dirname(file), { recursive: true });
fs.writeFileSync(file, text);
`;

const SCRIPTS = { claude: CLAUDE, codex: CODEX, gemini: GEMINI } as const;

export type FakeProgram = keyof typeof SCRIPTS;

export class ClientWorld {
  readonly root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-clients-')));
  readonly home = path.join(this.root, 'home');
  readonly cwd = path.join(this.root, 'project');
  readonly bin = path.join(this.root, 'bin');
  readonly program = path.join(this.root, 'opt', 'mcp-dispatch.cjs');
  readonly machine: Machine;
  #log = path.join(this.root, 'log');
  #ticks = Date.parse('2026-11-21T10:00:00Z');

  constructor() {
    for (const folder of [this.home, this.cwd, this.bin, path.dirname(this.program)]) mkdirSync(folder);
    symlinkSync(process.execPath, path.join(this.bin, 'node'));
    writeFileSync(this.program, '');
    if (!this.home.startsWith(realpathSync(os.tmpdir()))) throw new Error(`${this.home} is no throwaway home`);
    this.machine = {
      home: this.home,
      cwd: this.cwd,
      // Nothing of the caller's: its PATH leads to real clients, its variables to their real files.
      env: { PATH: this.bin, HOME: this.home, FAKE_LOG: this.#log },
      platform: 'linux',
      execPath: process.execPath,
      now: () => new Date(this.#ticks++),
    };
  }

  install(...programs: FakeProgram[]): void {
    for (const program of programs) this.installScript(program, SCRIPTS[program]);
  }

  installScript(program: string, script: string): void {
    const head = [
      '#!/usr/bin/env node',
      `const [fs, path, argv] = [require('fs'), require('path'), process.argv.slice(2)];`,
      `fs.appendFileSync(process.env.FAKE_LOG, JSON.stringify([${JSON.stringify(program)}, ...argv]) + '\\n');`,
      'const say = (text) => { console.log(text); process.exit(0); };',
      'const fail = (text) => { console.error(text); process.exit(1); };',
    ];
    const file = path.join(this.bin, program);
    writeFileSync(file, [...head, script].join('\n'));
    chmodSync(file, 0o755);
  }

  /** How the fake programs were run, without asking for their version. */
  get ran(): string[][] {
    if (!existsSync(this.#log)) return [];
    const lines = readFileSync(this.#log, 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as string[]).filter((words) => words[1] !== '--version');
  }

  /** Writes a file below the home, or another absolute one. */
  write(file: string, text: string, mode = 0o644): string {
    const full = path.resolve(this.home, file);
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, text, { mode });
    return full;
  }

  read(file: string): string {
    return readFileSync(path.resolve(this.home, file), 'utf8');
  }

  json(file: string): unknown {
    return JSON.parse(this.read(file));
  }

  /** All files of the home and the project: their names, kinds, modes and bytes. */
  tree(): { [name: string]: string } {
    const names = [this.home, this.cwd].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name)),
    );
    return Object.fromEntries(
      names.sort().map((name) => {
        const stat = lstatSync(name);
        const holds = stat.isFile() ? readFileSync(name, 'utf8') : stat.isSymbolicLink() ? readlinkSync(name) : '';
        return [path.relative(this.root, name), `${stat.mode.toString(8)} ${holds}`];
      }),
    );
  }

  backups(): string[] {
    return Object.keys(this.tree()).filter((name) => name.endsWith('.mcp-dispatch-backup'));
  }

  init(client: string, wish: Partial<Wish> = {}): Promise<Outcome> {
    const launch = { command: 'node', args: [this.program] };
    const all = { launch, env: {}, scope: 'user', hooks: true, force: false, dryRun: false, ...wish } as const;
    return setUp(clientNamed(client), all, this.machine);
  }

  remove(client: string, wish: { readonly scope?: Scope; readonly dryRun?: boolean } = {}): Promise<Outcome> {
    return remove(clientNamed(client), { scope: 'user', dryRun: false, ...wish }, this.machine);
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function clientNamed(id: string): Client {
  const client = CLIENTS.find((one) => one.id === id);
  if (client === undefined) throw new Error(`no client ${id}`);
  return client;
}
