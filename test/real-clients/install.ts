/**
 * Finds the real clients, or installs them from npm, before the tests run. CLIENTS_DIR names a folder that has them in its
 * node_modules, and then they must be there. Without it they are kept in a folder of the system's temporary folder, about
 * 1.1 GB; where they cannot be installed, the tests are skipped, and say why.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { TestProject } from 'vitest/node';

/** The versions of docs/clients.md. */
const VERSIONS = { '@anthropic-ai/claude-code': '2.1.329', '@openai/codex': '0.169.0' } as const;

export interface Clients {
  /** Programs by their names; none when `missing` says why. */
  readonly programs: { readonly claude: string; readonly codex: string };
  readonly versions: { readonly claude: string; readonly codex: string };
}

declare module 'vitest' {
  export interface ProvidedContext {
    clients: Clients | { readonly missing: string };
  }
}

// Before the tests move it.
const CACHE = path.join(os.tmpdir(), 'mcp-dispatch-clients');

export default function setup(project: TestProject): void {
  const clients = find();
  if ('missing' in clients) process.stderr.write(`The tests with real clients are skipped: ${clients.missing}\n`);
  else process.stderr.write(`Claude Code ${clients.versions.claude}, Codex ${clients.versions.codex}\n`);
  project.provide('clients', clients);
}

function find(): Clients | { missing: string } {
  const given = process.env.CLIENTS_DIR ?? '';
  if (process.platform !== 'linux')
    return missing(given, 'they are for Linux, where they can see what is left running');
  if (spawnSync('tmux', ['-V']).status !== 0) return missing(given, 'tmux is not installed');
  const folder = given || CACHE;
  const there = clientsIn(folder);
  if (there !== undefined) return there;
  if (given !== '') throw new Error(`CLIENTS_DIR=${given} has no Claude Code and Codex for this platform`);
  const failure = install(folder);
  return clientsIn(folder) ?? { missing: `npm could not install the clients in ${folder}${failure}` };
}

/** Whoever names a folder wants the tests run: a green run that ran nothing would hide that they are not. */
function missing(given: string, why: string): { missing: string } {
  if (given !== '') throw new Error(`${why}, and CLIENTS_DIR asks for these tests`);
  return { missing: why };
}

function clientsIn(folder: string): Clients | undefined {
  const modules = path.join(folder, 'node_modules');
  const programs = {
    // The package of the platform: the shim before it is of use only after an install script.
    claude: path.join(modules, '@anthropic-ai', `claude-code-${process.platform}-${process.arch}`, 'claude'),
    codex: path.join(modules, '@openai', 'codex', 'bin', 'codex.js'),
  };
  if (!Object.values(programs).every((file) => existsSync(file))) return undefined;
  return {
    programs,
    versions: {
      claude: versionIn(path.join(modules, '@anthropic-ai', 'claude-code')),
      codex: versionIn(path.join(modules, '@openai', 'codex')),
    },
  };
}

function versionIn(folder: string): string {
  return (JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}

/** Empty when it went well. */
function install(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const manifest = path.join(folder, 'package.json');
  if (!existsSync(manifest)) writeFileSync(manifest, '{"private":true}\n');
  process.stderr.write(`Installing Claude Code and Codex in ${folder}, about 1.1 GB ...\n`);
  const words = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', '--loglevel=error'];
  const wanted = Object.entries(VERSIONS).map(([name, version]) => `${name}@${version}`);
  const npm = spawnSync('npm', [...words, ...wanted], { cwd: folder, encoding: 'utf8', timeout: 15 * 60_000 });
  return npm.status === 0 ? '' : `: ${(npm.stderr || String(npm.error ?? npm.signal)).trim().split('\n')[0]}`;
}
