/** The inbox socket of a Claude Code session: what is written there, and when nothing is. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Files } from '../../src/store/filesystem/files.js';
import { findSocketProblem } from '../../src/store/filesystem/own-socket.js';
import { ClaudeSocket, SOCKET_BOUND_MS } from '../../src/wake/claude-socket.js';
import type { Connection } from '../../src/wake/method.js';
import { composeNotice } from '../../src/wake/notice.js';
import { START } from '../helpers/relay-world.js';
import { candidate } from './candidates.js';
import { FakeInbox } from './listening-socket.js';

const posix = process.platform !== 'win32';
const notice = composeNotice('bob', [candidate('msg-a')], START);
const files = new Files();

let folder: string;
let inbox: FakeInbox | undefined;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mcp-dispatch-wake-')));
});

afterEach(async () => {
  vi.useRealTimers();
  await inbox?.close();
  inbox = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function method(at: string | undefined, token?: string, connection: Connection = { client: 'claude-code' }) {
  return new ClaudeSocket(connection, {
    path: at,
    token,
    findProblem: (place) => findSocketProblem(files, place),
  });
}

describe.runIf(posix)('the socket of Claude Code', () => {
  it('gets one line to say who we are, and one with the notice, and no word of urgency or session', async () => {
    inbox = await FakeInbox.listen(folder);
    const socket = method(inbox.path, 'secret');
    expect(socket.obstacle()).toBeUndefined();
    expect(await socket.ring(notice)).toEqual({ outcome: 'rung' });
    expect(inbox.received).toEqual([
      `{"type":"auth","token":"secret"}\n{"type":"user","message":{"role":"user","content":${JSON.stringify(notice.text)}}}\n`,
    ]);
  });

  it('gets the notice alone where the client gave no token', async () => {
    inbox = await FakeInbox.listen(folder);
    await method(inbox.path).ring(notice);
    expect(inbox.lines).toEqual([{ type: 'user', message: { role: 'user', content: notice.text } }]);
  });

  it('is not for other clients, which inherit its variables from the shell of one', async () => {
    inbox = await FakeInbox.listen(folder);
    for (const client of ['codex-mcp-client', 'Claude-Code', '', undefined])
      expect(method(inbox.path, 'secret', { client }).obstacle()).toBe('the client is not Claude Code');
    for (const none of [undefined, '']) expect(method(none).obstacle()).toBe('the client gave no socket');
  });

  it('that refuses or is gone is an attempt that failed', async () => {
    const refusing = path.join(folder, 'refusing.sock');
    // Its file stays when a process is killed, and nobody answers.
    const listen = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', listen, refusing]);
    const refused = method(refusing);
    expect(refused.obstacle()).toBeUndefined();
    expect(await refused.ring(notice)).toEqual({
      outcome: 'failed',
      why: 'the socket cannot be written (ECONNREFUSED)',
    });
    expect(refused.failing).toBe(true);
    rmSync(refusing);
    expect(refused.obstacle()).toBe('there is no socket');
    expect(await refused.ring(notice)).toEqual({ outcome: 'failed', why: 'the socket cannot be written (ENOENT)' });
    expect(await method(`/${'x'.repeat(300)}`).ring(notice)).toMatchObject({ outcome: 'failed' });
  });

  it('that takes the line and never closes is unconfirmed, and the attempt is over after two seconds', async () => {
    inbox = await FakeInbox.listen(folder, { closes: false });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const attempt = method(inbox.path).ring(notice);
    await vi.waitFor(() => expect(inbox?.notices).toEqual([notice.text]), { timeout: 5000 });
    await vi.advanceTimersByTimeAsync(SOCKET_BOUND_MS);
    expect(await attempt).toEqual({ outcome: 'unconfirmed', why: 'written, and not closed by the client' });
  });
});

describe.runIf(posix)('a path is never written to', () => {
  async function problem(prepare: (socket: FakeInbox) => string): Promise<string | undefined> {
    inbox = await FakeInbox.listen(folder);
    const at = prepare(inbox);
    const found = method(at).obstacle();
    expect(found).toBe(findSocketProblem(files, at));
    return found;
  }

  it('where there is none, or something else', async () => {
    const file = path.join(folder, 'file');
    writeFileSync(file, '');
    expect(await problem(() => path.join(folder, 'missing'))).toBe('there is no socket');
    await inbox?.close();
    expect(await problem(() => path.join(folder, 'file', 'below'))).toMatch(
      /^(there is no socket|the socket cannot be)/,
    );
    await inbox?.close();
    expect(await problem(() => file)).toBe('it is no socket');
    await inbox?.close();
    expect(await problem(() => 'relative.sock')).toBe('the socket has no absolute path');
  });

  it('that is a link, or in a folder that is one', async () => {
    expect(
      await problem((socket) => {
        symlinkSync(socket.path, path.join(folder, 'link'));
        return path.join(folder, 'link');
      }),
    ).toBe('it is no socket');
    await inbox?.close();
    expect(
      await problem((socket) => {
        symlinkSync(path.dirname(socket.path), path.join(folder, 'linked'));
        return path.join(folder, 'linked', path.basename(socket.path));
      }),
    ).toBe('the folder of the socket is a link');
  });

  it('in a folder that others can write', async () => {
    for (const mode of [0o770, 0o707, 0o1777]) {
      const found = await problem((socket) => {
        chmodSync(path.dirname(socket.path), mode);
        return socket.path;
      });
      expect(found).toBe('other users can write to the folder of the socket');
      await inbox?.close();
    }
  });

  it('below a folder in which others can replace it, unless that one keeps what lies there to its owners', async () => {
    const below = (mode: number, through = '') =>
      problem((socket) => {
        chmodSync(folder, mode);
        return path.join(folder, through, path.relative(folder, socket.path));
      });
    expect(await below(0o777)).toBe('other users can replace the folder of the socket');
    await inbox?.close();
    symlinkSync(folder, path.join(folder, 'link'));
    expect(await below(0o777, 'link')).toBe('other users can replace the folder of the socket');
    await inbox?.close();
    expect(await below(0o1777)).toBeUndefined();
  });

  it.runIf(process.getuid?.() === 0)('that belongs to another user, or whose folder does', async () => {
    expect(
      await problem((socket) => {
        chownSync(socket.path, 12345, 12345);
        return socket.path;
      }),
    ).toBe('the socket belongs to another user');
    await inbox?.close();
    mkdirSync(path.join(folder, 'claude'), { recursive: true });
    expect(
      await problem((socket) => {
        chownSync(path.dirname(socket.path), 12345, 12345);
        return socket.path;
      }),
    ).toBe('the folder of the socket belongs to another user');
  });
});
