/** Names from the project: who gets which, on a relay in memory and on one in a directory. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAgentId } from '../../src/model/agent-id.js';
import { DispatchError } from '../../src/model/errors.js';
import { numberedName, type Project } from '../../src/model/project.js';
import { Identity } from '../../src/relay/identity.js';
import { SLOTS, slotKey } from '../../src/relay/keys.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { DAY, RelayWorld, read, send, type TestProcess, withFaults } from '../helpers/relay-world.js';
import { snapshot, useTemporaryDirectories } from '../helpers/store-relay.js';

const directory = useTemporaryDirectories();

const project = (path: string, name = path.split('/').at(-1) ?? ''): Project => ({
  path,
  name,
  repository: { path, name },
});
const WEBAPP = project('/code/webapp');

const CLAUDE = { name: 'claude-code', version: '2.1.329' };
const CODEX = { name: 'codex-mcp-client', version: '0.169.0' };
const OTHER = { name: 'gemini-cli-mcp-client', version: '1' };

let world: RelayWorld;
let open: Identity[] = [];

afterEach(async () => {
  for (const identity of open) await identity.end();
  open = [];
  await world.close();
});

interface Window {
  readonly at?: Project;
  readonly client?: { name: string; version: string };
  /** CLAUDE_CODE_SESSION_ID. */
  readonly claude?: string;
  /** In the `_meta` of its calls. */
  readonly says?: readonly string[];
  readonly id?: string;
  readonly process?: TestProcess;
}

/** A server whose client has said who it is, and has not called a tool. */
async function start({ at = WEBAPP, client = CLAUDE, claude, id, process = world.process() }: Window = {}) {
  const identity = new Identity(process.relay, id, { project: () => at, claudeSession: claude });
  open.push(identity);
  await identity.begin();
  identity.client = () => client;
  return identity;
}

/** The same, after its first call. */
async function called(window: Window = {}) {
  const identity = await start(window);
  await identity.noteCall(window.says ?? []);
  const session = await identity.session();
  await session.begin();
  return { identity, session, name: session.agent };
}

describe.each(['memory', 'filesystem'] as const)('on a relay in the %s, a name from the project', (kind) => {
  beforeEach(() => {
    if (kind === 'memory') world = new RelayWorld();
    else {
      const store = new FilesystemStore(`${directory()}/relay`, { durability: 'process' });
      world = new RelayWorld({ wrap: () => store });
    }
  });

  it('is that of its folder for the first live session, and numbered for those beside it', async () => {
    const names = [];
    for (let window = 0; window < 3; window++) names.push((await called()).name);
    expect(names).toEqual(['webapp', 'webapp-2', 'webapp-3']);
  });

  it('is another for each of twenty that start at once', async () => {
    const names = await Promise.all(Array.from({ length: 20 }, async () => (await called()).name));
    const numbers = Array.from({ length: 19 }, (_, index) => `webapp-${index + 2}`);
    expect(names.sort()).toEqual(['webapp', ...numbers].sort());
  });

  it('is free again when its session has ended, and goes to the next that starts', async () => {
    const first = await called();
    const second = await called();
    await first.identity.end();
    expect((await called()).name).toBe('webapp');
    await second.identity.end();
    expect((await called()).name).toBe('webapp-2');
  });

  it('is free when its process is dead, and passes to exactly one of many', async () => {
    const process = world.process();
    await called({ process });
    await called();
    process.kill();
    const names = await Promise.all(Array.from({ length: 5 }, async () => (await called()).name));
    expect(names.sort()).toEqual(['webapp', 'webapp-3', 'webapp-4', 'webapp-5', 'webapp-6']);
  });

  it('stays with a process that is stopped, and with one that cannot be seen from here', async () => {
    const process = world.process();
    await called({ process });
    world.processes.stop(process.identity.pid);
    const far = world.process({ elsewhere: true });
    await called({ process: far });
    far.kill();
    // Silent for so long that it is not live any more.
    world.clock.advance(DAY);
    expect((await called()).name).toBe('webapp-3');
  });

  it('is taken by no server that is only started: neither by its start nor by its end', async () => {
    const identity = await start();
    expect(identity.agent).toBeUndefined();
    expect(await world.store.list('')).toEqual([]);
    await identity.end();
    expect(await world.store.list('')).toEqual([]);
  });

  it('is not shared by two projects with folders of one name, whoever of them is open', async () => {
    const first = await called({ at: project('/one/api') });
    await first.identity.end();
    const other = await called({ at: project('/two/api') });
    expect([first.name, other.name]).toEqual(['api', 'api-2']);
    await other.identity.end();
    expect((await called({ at: project('/one/api') })).name).toBe('api');
    expect((await called({ at: project('/two/api') })).name).toBe('api-2');
    expect((await called({ at: project('/one/api') })).name).toBe('api-3');
  });

  it('is the same in two windows that are opened again in the other order, and so is the mail in it', async () => {
    const alice = await world.session('alice');
    for (const claude of ['a', 'b']) await called({ claude });
    for (const identity of open.splice(0)) await identity.end();
    await send(alice, 'webapp', 'for a');
    await send(alice, 'webapp-2', 'for b');
    const b = await called({ claude: 'b' });
    const a = await called({ claude: 'a' });
    expect([a.name, b.name]).toEqual(['webapp', 'webapp-2']);
    expect([await read(a.session), await read(b.session)]).toEqual([['for a'], ['for b']]);
    await alice.end();
  });

  it('comes back to the session that had it, though another is free with a lower number', async () => {
    const windows = [];
    for (const claude of ['a', 'b', 'c']) windows.push(await called({ claude }));
    for (const { identity } of windows) await identity.end();
    expect((await called({ claude: 'c' })).name).toBe('webapp-3');
    expect((await called({ claude: 'b' })).name).toBe('webapp-2');
    expect((await called({ claude: 'new' })).name).toBe('webapp');
    expect((await called({ claude: 'a' })).name).toBe('webapp-4');
  });

  it('is kept by a session whose client gave up its server without ending it', async () => {
    const abandoned = await called({ claude: 'a' });
    const next = await called({ claude: 'a' });
    expect(next.name).toBe('webapp');
    await abandoned.identity.end();
    expect((await called({ claude: 'b' })).name).toBe('webapp-2');
  });

  it('follows a session whose client calls it otherwise by now', async () => {
    const first = await called({ client: CODEX, says: ['thread-1'] });
    const second = await called({ client: CODEX, says: ['thread-2'] });
    await second.identity.noteCall(['thread-9']);
    world.clock.advance(5000);
    await second.identity.session();
    for (const { identity } of [first, second]) await identity.end();
    expect((await called({ client: CODEX, says: ['thread-9'] })).name).toBe('webapp-2');
  });

  it('is bound to what Claude Code says in the environment only where the client is Claude Code', async () => {
    const claude = await called({ claude: 'a' });
    const inherited = await called({ claude: 'a', client: OTHER });
    expect([claude.name, inherited.name]).toEqual(['webapp', 'webapp-2']);
    expect(inherited.session.about.aliases).toBeUndefined();
  });

  it('is one that the same client had, where several are free', async () => {
    const windows = [await called({ client: CODEX, says: ['t'] }), await called({ client: OTHER })];
    for (const { identity } of windows) await identity.end();
    expect((await called({ client: OTHER })).name).toBe('webapp-2');
    expect((await called({ client: CLAUDE, claude: 'new' })).name).toBe('webapp');
  });

  it('is not one that a person gave by an id, as long as that is live and after', async () => {
    const given = await called({ id: 'webapp', at: project('/elsewhere') });
    expect(given.session.naming).toEqual({ by: 'id' });
    const named = await called();
    expect(named.name).toBe('webapp-2');
    await named.identity.end();
    await given.identity.end();
    expect((await called()).name).toBe('webapp-2');
    expect((await called()).name).toBe('webapp-3');
  });

  it('that is served by its id too is not given away when its holder has ended', async () => {
    const first = await called();
    await called({ id: 'webapp' });
    await first.identity.end();
    expect((await called()).name).toBe('webapp-2');
  });

  it('reads what was sent to the name before anybody had it', async () => {
    const alice = await world.session('alice');
    await send(alice, 'webapp', 'early');
    expect(await read((await called()).session)).toEqual(['early']);
    await alice.end();
  });

  it('is held again by the next call when the relay was removed', async () => {
    const { identity, name } = await called({ claude: 'a' });
    const record = await world.store.readRecord(slotKey(name));
    await world.store.update(slotKey(name), record?.revision, undefined);
    world.clock.advance(5000);
    await identity.session();
    expect((await called()).name).toBe('webapp-2');
    expect((await called({ claude: 'a' })).name).toBe('webapp');
  });

  it('is an agent id also behind 200 others, for a folder with the longest name', async () => {
    const name = 'x'.repeat(58);
    const process = world.process();
    const holder = { session: 'x', ...process.identity };
    for (let number = 1; number <= 200; number++) {
      const record = JSON.stringify({ project: '/long', client: CLAUDE.name, holder });
      await world.store.update(slotKey(numberedName(name, number)), undefined, record);
    }
    const at = project('/long', name);
    const last = await called({ at });
    expect([last.name, isAgentId(last.name)]).toEqual([`${name}-201`, true]);
    process.kill();
    const names = [await called({ at }), await called({ at }), await called({ at })].map((each) => each.name);
    expect(names).toEqual([name, `${name}-2`, `${name}-3`]);
  });

  it('passes over a record that is none, and takes nothing away by it', async () => {
    await world.store.update(slotKey('webapp'), undefined, 'not json');
    expect((await called()).name).toBe('webapp-2');
    const record = await world.store.readRecord(slotKey('webapp'));
    expect(Buffer.from(record?.value ?? []).toString()).toBe('not json');
  });
});

describe('what stands in the place of a slot', () => {
  let root: string;
  const folderWith = (at: string, name: string) => {
    mkdirSync(at);
    writeFileSync(`${at}/${name}`, '');
  };
  beforeEach(() => {
    root = `${directory()}/relay`;
    const store = new FilesystemStore(root, { durability: 'process' });
    world = new RelayWorld({ wrap: () => store });
    mkdirSync(`${root}/.slots`, { recursive: true, mode: 0o700 });
  });

  it.each<[string, (at: string) => void]>([
    ['a file', (at) => writeFileSync(at, 'x')],
    ['a link out of the relay', (at) => symlinkSync('/', at)],
    ['a folder with something else in it', (at) => folderWith(at, 'note.txt')],
    ['a record without its value', (at) => folderWith(at, '1.abcdef')],
  ])('costs its name alone where it is %s, and stays as it is', async (_, plant) => {
    plant(`${root}/.slots/webapp`);
    const before = snapshot(`${root}/.slots`);
    expect([(await called()).name, (await called()).name]).toEqual(['webapp-2', 'webapp-3']);
    expect(snapshot(`${root}/.slots`)).toMatchObject(before);
  });

  it('is told of where it is in the place of all slots, and nobody has another name for it', async () => {
    rmSync(`${root}/.slots`, { recursive: true });
    writeFileSync(`${root}/.slots`, 'x', { mode: 0o600 });
    await expect(called()).rejects.toMatchObject({ code: 'RELAY_UNSAFE', message: expect.stringContaining('.slots') });
    rmSync(`${root}/.slots`);
    expect((await called()).name).toBe('webapp');
  });
});

describe('a server that is named after its project', () => {
  beforeEach(() => {
    world = new RelayWorld();
  });

  it('waits with its name for the first call where its client says only then which session it is', async () => {
    for (const says of [['t1'], ['t2']]) await called({ client: CODEX, says });
    for (const identity of open.splice(0)) await identity.end();
    const second = await start({ client: CODEX });
    const uncalled = second.sessionUncalled();
    let settled = false;
    void uncalled.then(() => {
      settled = true;
    });
    await new Promise(setImmediate);
    expect([settled, second.agent]).toEqual([false, undefined]);
    // As for a resource that is read.
    await expect(second.session()).rejects.toMatchObject({ code: 'NO_IDENTITY' });
    await second.noteCall(['t2']);
    expect((await second.session()).agent).toBe('webapp-2');
    expect((await uncalled).agent).toBe('webapp-2');
  });

  it.each([
    ['Claude Code', { client: CLAUDE, claude: 'a' }],
    ['a client that never says its session', { client: OTHER }],
    ['Codex, where it has an id', { client: CODEX, id: 'cody' }],
  ])('does not wait for a call of %s', async (_, window) => {
    const identity = await start(window);
    expect((await identity.sessionUncalled()).agent).toBe(window.client === CODEX ? 'cody' : 'webapp');
  });

  it('tells how it came to its name', async () => {
    expect((await called()).session.naming).toEqual({ by: 'project', project: '/code/webapp' });
    expect((await called({ id: 'bob' })).session.naming).toEqual({ by: 'id' });
    await world.close();
    world = new RelayWorld({ roster: ['ada'] });
    expect((await called()).session.naming).toEqual({ by: 'roster' });
    expect(await world.keys(SLOTS)).toEqual([]);
  });

  it('holds one name, though several calls ask for it at once', async () => {
    const identity = await start();
    const sessions = await Promise.all([identity.session(), identity.session(), identity.session()]);
    expect(new Set(sessions.map(({ agent }) => agent)).size).toBe(1);
    expect(await world.keys(SLOTS)).toEqual(['.slots/webapp']);
  });

  it('claims no name once it is over', async () => {
    const identity = await start();
    await identity.end();
    await expect(identity.session()).rejects.toMatchObject({ code: 'NO_IDENTITY' });
    expect(await world.keys(SLOTS)).toEqual([]);
  });

  it('takes no other name because the relay cannot be read for a moment', async () => {
    await (await called({ claude: 'a' })).identity.end();
    const failure = new DispatchError('STORE_UNAVAILABLE', 'too many open files', { errno: 'EMFILE' });
    const broken = withFaults(world.memory, {
      readRecord: async () => {
        throw failure;
      },
    });
    const other = new RelayWorld({ wrap: () => broken });
    const identity = new Identity(other.process().relay, undefined, { project: () => WEBAPP });
    await expect(identity.session()).rejects.toBe(failure);
    expect(await world.keys(SLOTS)).toEqual(['.slots/webapp']);
  });
});

describe('the ids that a client gives its session', () => {
  beforeEach(() => {
    world = new RelayWorld();
  });

  const aliases = async (agent: string) => (await world.process().relay.presence.sessions(agent))[0]?.aliases;

  it('stand in the record of the session from the start, and the new ones behind the old', async () => {
    const { identity } = await called({ claude: 'a', id: 'bob' });
    expect(await aliases('bob')).toEqual(['a']);
    await identity.noteCall(['b']);
    await identity.noteCall(['b', 'a']);
    expect(await aliases('bob')).toEqual(['a', 'b']);
  });

  it('are at most eight: the one that the name is bound to, and the newest', async () => {
    const { identity } = await called({ client: CODEX, says: ['t0'], id: 'bob' });
    for (let thread = 1; thread <= 20; thread++) await identity.noteCall([`t${thread}`]);
    expect(await aliases('bob')).toEqual(['t0', 't14', 't15', 't16', 't17', 't18', 't19', 't20']);
  });

  it('are none where they are too long, empty, or not printable ASCII', async () => {
    await called({ client: CODEX, says: ['', 'x'.repeat(129), 'a\nb', '\u202ex', '\x1b[2J'], id: 'bob' });
    expect(await aliases('bob')).toBeUndefined();
  });
});
