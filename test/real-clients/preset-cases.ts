/** The clients as the presets of `init` run them, and how a test gives them jobs. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { eventually } from '../helpers/server-sandbox.js';
import type { ScriptedModel, Step } from './scripted-model.js';
import type { Command, World } from './world.js';

export const ANSWER = 'Because of a semicolon.';
const CONFIG = '.config/mcp-dispatch/config.toml';

export interface Case {
  readonly preset: string;
  readonly agent: 'codex' | 'claude';
  model(world: World): ScriptedModel;
  /** The call of its own tool for the shell. */
  shell(command: string): Step;
  /** The call with which it writes a line to a file. */
  write(file: string, line: string): Step;
}

const inCodex = (cmd: string): Step => ({ own: 'exec_command', with: { cmd } });

export const CODEX: Case = {
  preset: 'codex',
  agent: 'codex',
  model: ({ gpt }) => gpt,
  shell: inCodex,
  write: (file, line) => inCodex(`echo '${line}' > '${file}'`),
};

export const CLAUDE: Case = {
  preset: 'claude-code',
  agent: 'claude',
  model: ({ claude }) => claude,
  shell: (command) => ({ own: 'Bash', with: { command, description: 'Look' } }),
  write: (file_path, line) => ({ own: 'Write', with: { file_path, content: `${line}\n` } }),
};

export const CASES: readonly Case[] = [CODEX, CLAUDE];

/** Both clients as `init` sets them up for alice, and an executor of each, with other timeouts where these are given. */
export async function setUp(world: World, timeoutSeconds: { readonly [agent in Case['agent']]?: number } = {}) {
  world.signIn();
  world.writeInProject('notes.txt', 'Nothing of note.\n');
  await world.run('init', '--agent-id', 'alice', '--executors', 'codex,claude-code');
  const text = readFileSync(`${world.home}/${CONFIG}`, 'utf8');
  expect(text.match(/^env = .*$/gm)).toEqual(['env = ["PATH", "HOME"]', 'env = ["PATH", "HOME"]']);
  for (const [agent, seconds] of Object.entries(timeoutSeconds)) {
    const setting = new RegExp(`(\\[executors\\.${agent}\\][^]*?\ntimeout_seconds = )1800\n`);
    configure(world, setting, `$1${seconds}\n`);
  }
}

/** Changes what `init` has written. */
export function configure(world: World, from: string | RegExp, to: string): void {
  const text = readFileSync(`${world.home}/${CONFIG}`, 'utf8');
  expect(text).toMatch(from);
  world.write(CONFIG, text.replace(from, to));
}

export async function submit(
  world: World,
  agent: string,
  prompt = 'Why is the build red?',
  ...options: readonly string[]
): Promise<string> {
  return JSON.parse(await world.run('job', 'submit', '--from', 'ci', '--json', ...options, agent, prompt)).job_id;
}

/** A worker that does one job. */
export function work(world: World, { agent }: Case, ...options: readonly string[]): Command {
  return world.start(['worker', '--agent', agent, '--once', '--json', ...options]);
}

export async function show(world: World, id: string) {
  return JSON.parse(await world.run('job', 'show', id, '--json'));
}

/** Waits until nothing runs any more that was started in this world. */
export async function gone(world: World): Promise<void> {
  await eventually('all to be gone', () => world.processes().length === 0, 2000);
}
