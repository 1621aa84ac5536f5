/**
 * A home in which somebody has used both clients before, and which has nothing of ours: signed in (to an API on loopback), the
 * folder of the project trusted. The windows that are opened in it do not outlive the test.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test as base, inject } from 'vitest';
import { eventually, SERVER } from '../helpers/server-sandbox.js';
import { anthropic } from './anthropic.js';
import { MODEL, openai } from './openai.js';
import { kill, type Process, processesOf, watchOver } from './processes.js';
import { type Move, ScriptedModel } from './scripted-model.js';
import { Terminal } from './terminal.js';
import { Window } from './window.js';

// Codex's sandbox hides what is below /dev, where the tests keep their files if they can, and lets all write in /tmp.
const PLACE = '/var/tmp';

// No credential: it goes to loopback only.
const KEY = 'sk-of-nobody-for-loopback-only';

export interface Command {
  readonly over: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
}

export class World {
  readonly root = realpathSync(mkdtempSync(path.join(PLACE, 'mcp-dispatch-world-')));
  readonly home = path.join(this.root, 'home');
  readonly project = path.join(this.root, 'webapp');
  readonly #bin = path.join(this.root, 'bin');
  readonly #terminals: Terminal[] = [];
  readonly #commands: ChildProcess[] = [];
  readonly #callOff = watchOver(this.root);
  #hasCodexDaemon = false;
  #hasTrustedHooks = false;

  private constructor(
    /** The model of Claude Code, and that of Codex. */
    readonly claude: ScriptedModel,
    readonly gpt: ScriptedModel,
  ) {}

  static async create(): Promise<World> {
    const world = new World(await ScriptedModel.listen(anthropic), await ScriptedModel.listen(openai));
    for (const folder of [world.home, world.project, world.#bin]) mkdirSync(folder, { mode: 0o700 });
    const clients = inject('clients');
    if ('missing' in clients) throw new Error(clients.missing);
    for (const [name, program] of Object.entries(clients.programs)) symlinkSync(program, path.join(world.#bin, name));
    world.#useClaudeCode();
    world.#useCodex();
    return world;
  }

  /** A file of the home. */
  write(name: string, text: string): void {
    const file = path.join(this.home, name);
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, text, { mode: 0o600 });
  }

  /** A file of the project's folder. */
  writeInProject(name: string, text: string): void {
    const file = path.join(this.project, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** A rule of the person, so that Claude Code does not ask before it calls tools of ours. */
  allowTools(): void {
    this.write('.claude/settings.json', JSON.stringify({ permissions: { allow: ['mcp__mcp-dispatch'] } }));
  }

  /** Runs this program, as a person would in the project's folder, and gives its stdout. @throws Error when it fails. */
  async run(...args: readonly string[]): Promise<string> {
    return this.#run(args, {});
  }

  /** Starts this program, which the end of the test ends. */
  start(args: readonly string[], surroundings: object = {}): Command {
    const env = { ...this.#env(), ...surroundings };
    const child = spawn(process.execPath, [SERVER, ...args], { cwd: this.project, env, stdio: 'pipe' });
    this.#commands.push(child);
    child.stdin.end();
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    const over = new Promise<number | null>((resolve) => child.on('close', resolve));
    return { over: over.then((code) => ({ code, out, err })) };
  }

  /** One job of an executor that `init` has written, whose model takes these steps: the job as it is then. */
  async work(agent: 'codex' | 'claude', draft: readonly string[], ...moves: readonly Move[]) {
    const file = '.config/mcp-dispatch/config.toml';
    const surroundings = agent === 'claude' ? this.#claudeEnv() : proxied(this.gpt);
    const names = JSON.stringify(['PATH', 'HOME', ...Object.keys(surroundings)]);
    const config = readFileSync(path.join(this.home, file), 'utf8');
    this.write(file, config.replaceAll('env = ["PATH", "HOME"]', `env = ${names}`));
    (agent === 'claude' ? this.claude : this.gpt).will(...moves);
    const { job_id: id } = JSON.parse(await this.run('job', 'submit', '--from', 'ci', '--json', agent, ...draft));
    await this.#run(['worker', '--agent', agent, '--once', '--allow-writes'], surroundings);
    return JSON.parse(await this.run('job', 'show', '--json', id));
  }

  async #run(args: readonly string[], surroundings: object): Promise<string> {
    const { code, out, err } = await this.start(args, surroundings).over;
    if (code !== 0) throw new Error(`mcp-dispatch ${args.join(' ')} ended with ${code}: ${err}${out}`);
    return out;
  }

  /** What runs in this world, by what is in its environment. */
  processes(): Process[] {
    return processesOf(this.root);
  }

  /** Mail from a script: the id of the message. */
  async send(to: string, text: string): Promise<string> {
    return JSON.parse(await this.run('send', '--from', 'ci', '--json', to, text)).id;
  }

  /** Waits until `who` shows a session of this agent, and that somebody listens, where that is asked for. */
  async present(agent: string, listening = false): Promise<void> {
    await eventually(`${agent} to be there`, async () => {
      // It fails as long as nobody is there.
      const { agents } = JSON.parse(await this.run('who', '--json').catch(() => '{"agents":[]}'));
      return agents.some(
        (one: { agent_id: string; listening: string }) =>
          one.agent_id === agent && (!listening || one.listening === 'yes'),
      );
    });
  }

  /** From here on Claude Code finds its API in its own settings, as after a login, and needs no variable for it. */
  signIn(): void {
    this.write('.claude/settings.json', JSON.stringify({ env: this.#claudeEnv() }));
  }

  async claudeCode(...args: readonly string[]): Promise<Window> {
    const window = await this.#open(this.claude, ['claude', ...args], this.#claudeEnv());
    await window.terminal.until((screen) => /for shortcuts|shift\+tab to cycle|for agents/.test(screen), 'Claude Code');
    return window;
  }

  /**
   * Codex as it comes: its windows leave the work to a process that goes on when they are closed. It copies Codex to the home,
   * 400 MB, so that most tests do without.
   */
  useCodexDaemon(): void {
    this.#hasCodexDaemon = true;
    this.#useCodex();
  }

  /** The first window after its hooks were set up asks whether they are to be trusted: they are. */
  async codex(...args: readonly string[]): Promise<Window> {
    const window = await this.#open(this.gpt, ['codex', ...args], proxied(this.gpt));
    if (!this.#hasTrustedHooks) await window.terminal.choose('Trust all and continue');
    this.#hasTrustedHooks = true;
    await window.terminal.until((screen) => /^› /m.test(screen), 'Codex');
    return window;
  }

  /** A person's shell, in which $DISPATCH is this program. */
  shell(): Terminal {
    return this.#terminal(['sh'], { DISPATCH: `${process.execPath} ${SERVER}` });
  }

  /** Ends all windows. @throws Error naming each process that would not end. */
  async dispose(): Promise<void> {
    for (const terminal of this.#terminals) terminal.close();
    for (const command of this.#commands) command.kill();
    if (this.#hasCodexDaemon) this.#stopCodexDaemon();
    for (const model of [this.claude, this.gpt]) model.close();
    const left = await eventually('the processes of the windows to end', () => processesOf(this.root).length === 0)
      .then(() => [])
      .catch(() => processesOf(this.root));
    for (const one of left) kill(one);
    this.#callOff();
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    if (left.length > 0) throw new Error(left.map(({ pid, command }) => `left running: ${pid} ${command}`).join('\n'));
  }

  async #open(model: ScriptedModel, [program = '', ...args]: readonly string[], env: object): Promise<Window> {
    const terminal = this.#terminal([path.join(this.#bin, program), ...args], env);
    return new Window(terminal, model, program === 'codex' ? /Worked for/ : / · done /);
  }

  #terminal(argv: readonly string[], env: object): Terminal {
    const folder = path.join(this.root, `terminal-${this.#terminals.length}`);
    mkdirSync(folder);
    const terminal = new Terminal({ argv, env: { ...this.#env(), ...env }, cwd: this.project, folder });
    this.#terminals.push(terminal);
    return terminal;
  }

  #stopCodexDaemon(): void {
    const words = ['app-server', 'daemon', 'stop'];
    spawnSync(path.join(this.#bin, 'codex'), words, { env: this.#env(), timeout: 20_000 });
    // It looks for updates, and is left by that.
    for (const one of processesOf(this.root)) if (/ pid-update-loop$/.test(one.command)) kill(one);
  }

  #claudeEnv(): Record<string, string> {
    const { url } = this.claude;
    return {
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_API_KEY: KEY,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      // Its sockets would else lie in a folder that all windows of the machine share.
      CLAUDE_CODE_TMPDIR: this.root,
      HTTPS_PROXY: url,
      NO_PROXY: '127.0.0.1',
    };
  }

  /** All that a program gets of an environment: nothing of this process. */
  #env(): Record<string, string> {
    const PATH = [this.#bin, path.dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':');
    return { PATH, HOME: this.home, LANG: 'C.UTF-8', TERM: 'xterm-256color' };
  }

  #useClaudeCode(): void {
    const state = {
      hasCompletedOnboarding: true,
      theme: 'dark',
      customApiKeyResponses: { approved: [KEY.slice(-20)], rejected: [] },
      projects: { [this.project]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
    };
    this.write('.claude.json', JSON.stringify(state));
  }

  #useCodex(): void {
    const settings = `model = "${MODEL}"
model_provider = "scripted"
check_for_update_on_startup = false

[model_providers.scripted]
name = "scripted"
base_url = "${this.gpt.url}/v1"
wire_api = "responses"
supports_websockets = false

[projects."${this.project}"]
trust_level = "trusted"

[analytics]
enabled = false
`;
    const alone = '\n[features]\ndaemon_auto_start = false\n';
    this.write('.codex/config.toml', this.#hasCodexDaemon ? settings : settings + alone);
  }
}

/** What keeps Codex on this machine. */
function proxied({ url }: ScriptedModel): Record<string, string> {
  return { HTTPS_PROXY: url, HTTP_PROXY: url, NO_PROXY: '127.0.0.1' };
}

/** Tests with a world of their own. */
const inWorlds = base.extend<{ world: World }>({
  world: async ({ task: _ }, use) => {
    const world = await World.create();
    try {
      await use(world);
    } finally {
      await world.dispose();
    }
  },
});

/** Skipped where the clients are not to be had; the run has said why. */
export const test = inWorlds.skipIf('missing' in inject('clients'));
