/**
 * The Python mcp-dispatch as a relay sees it: files byte for byte as its `json.dumps(data, indent=2)` writes them, and a
 * model of its server that does to the directory what that one does, in the same steps and with the same gaps. It marks
 * mail as read by replacing the file, ignores locks, names and folders that it does not know, and loses a message of its
 * own when it sends two to one agent within a millisecond: give it a clock that grows.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The fields of its messages, in the order in which it writes them. */
export interface PythonMessage {
  id: string;
  from: string;
  to: string;
  timestamp: string;
  priority: string;
  content: string;
  payload: Record<string, unknown> | null;
  thread_id: string | null;
  reply_to: string | null;
  ttl: number | null;
  must_read: boolean;
  state: 'pending' | 'read';
  read_at?: string;
}

export type PythonDraft = Partial<
  Pick<PythonMessage, 'priority' | 'payload' | 'thread_id' | 'reply_to' | 'ttl' | 'must_read'>
>;

export interface PythonReceipt {
  readonly id: string;
  readonly to: string;
  readonly state: string;
  readonly read_at: string | undefined;
  readonly sent_at: string;
  readonly preview: string;
}

/**
 * `json.dumps(value, indent=2)`: like JavaScript's, but with all that is not printable ASCII escaped. Numbers must be
 * integers, and keys no numbers: those the two languages write and order differently.
 */
export function pythonJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(
    /[^ -~\n]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Wall time that grows with every look: no two names of one sender are the same. */
export function growingClock(): () => number {
  let last = 0;
  return () => {
    last = Math.max(last + 1, Date.now());
    return last;
  };
}

/** `time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())` */
export function pythonTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

export class PythonServer {
  readonly #inbox: string;
  readonly #presence: string;

  constructor(
    private readonly relay: string,
    readonly agent: string,
    private readonly now: () => number = Date.now,
    pid = process.pid,
  ) {
    this.#inbox = path.join(relay, agent);
    this.#presence = path.join(relay, '.presence', `${agent}.json`);
    // As under the usual umask, whatever the test's is: a relay that others can write would be refused.
    for (const folder of [relay, path.dirname(this.#presence), this.#inbox])
      mkdirSync(folder, { recursive: true, mode: 0o755 });
    writeFileSync(this.#presence, `{"agent_id": "${agent}", "pid": ${pid}, "started": "${pythonTime(now())}"}`);
  }

  /** Sends, and shows what is new as every tool but `who` does. */
  dispatch(content: string, to = 'all', draft: PythonDraft = {}): { sent: PythonMessage; shown: PythonMessage[] } {
    const message: PythonMessage = {
      id: `msg-${randomBytes(4).toString('hex')}`,
      from: this.agent,
      to,
      timestamp: pythonTime(this.now()),
      priority: draft.priority ?? 'normal',
      content,
      payload: draft.payload ?? null,
      thread_id: draft.thread_id ?? null,
      reply_to: draft.reply_to ?? null,
      ttl: draft.ttl || null,
      must_read: draft.must_read ?? false,
      state: 'pending',
    };
    const name = `${this.now()}-${this.agent}.json`;
    if (to !== 'all') mkdirSync(path.join(this.relay, to), { recursive: true });
    const targets = to === 'all' ? this.#others() : [to];
    for (const target of targets) writeByRename(path.join(this.relay, target, name), message);
    return { sent: message, shown: this.#showNew() };
  }

  peek({ includeRead = false, threadId }: { includeRead?: boolean; threadId?: string } = {}): {
    messages: PythonMessage[];
    receipts: PythonReceipt[];
  } {
    this.#removeExpired();
    const found = this.#read().filter(
      ([, message]) =>
        (includeRead || isPending(message)) && (threadId === undefined || message.thread_id === threadId),
    );
    return { messages: this.#show(found), receipts: this.#receipts() };
  }

  /** Removes the first file of each id; the number of those found. */
  ack(ids: readonly string[]): { acked: number; shown: PythonMessage[] } {
    let acked = 0;
    for (const id of ids) {
      const [file] = this.#read().find(([, message]) => message.id === id) ?? [];
      if (file === undefined) continue;
      unlinkSync(file);
      acked++;
    }
    return { acked, shown: this.#showNew() };
  }

  /** Live agents by their presence files; removes the file of one that does not run. */
  who(): string[] {
    const folder = path.dirname(this.#presence);
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .flatMap((name) => {
        const { agent_id, pid } = JSON.parse(readFileSync(path.join(folder, name), 'utf8'));
        if (runs(pid)) return [agent_id];
        unlinkSync(path.join(folder, name));
        return [];
      });
  }

  /** Takes back the presence file, whoever wrote it. */
  exit(): void {
    rmSync(this.#presence, { force: true });
  }

  #others(): string[] {
    return readdirSync(this.relay, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== this.agent)
      .map(({ name }) => name)
      .sort();
  }

  #showNew(): PythonMessage[] {
    this.#removeExpired();
    return this.#show(this.#read().filter(([, message]) => isPending(message)));
  }

  #show(found: readonly (readonly [string, PythonMessage])[]): PythonMessage[] {
    for (const [file, message] of found) {
      if (!isPending(message)) continue;
      message.state = 'read';
      message.read_at = pythonTime(this.now());
      writeByRename(file, message);
    }
    return found.map(([, message]) => message);
  }

  #receipts(): PythonReceipt[] {
    return this.#others().flatMap((to) =>
      readInbox(path.join(this.relay, to)).flatMap(([, message]) =>
        message.from !== this.agent
          ? []
          : [
              {
                id: message.id,
                to,
                state: message.state ?? 'pending',
                read_at: message.read_at,
                sent_at: message.timestamp,
                preview: message.content.slice(0, 60),
              },
            ],
      ),
    );
  }

  #read(): [string, PythonMessage][] {
    return readInbox(this.#inbox);
  }

  #removeExpired(): void {
    for (const [file, { ttl, must_read, timestamp }] of this.#read()) {
      if (!ttl || ttl <= 0 || must_read) continue;
      // Its parser knows whole seconds only; a time that it cannot read never comes.
      if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(timestamp)) continue;
      if (this.now() > Date.parse(timestamp) + ttl * 1000) unlinkSync(file);
    }
  }
}

const isPending = ({ state }: PythonMessage) => (state ?? 'pending') === 'pending';

/** Into a file with the ending `.tmp` beside it, then over the old one. */
function writeByRename(file: string, message: PythonMessage): void {
  const temporary = file.replace(/\.json$/, '.tmp');
  writeFileSync(temporary, pythonJson(message));
  renameSync(temporary, file);
}

/** Every file of the folder itself that is JSON, by name; what is gone or torn is passed over. */
function readInbox(folder: string): [string, PythonMessage][] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => {
      const file = path.join(folder, name);
      try {
        return [[file, JSON.parse(readFileSync(file, 'utf8'))] as [string, PythonMessage]];
      } catch {
        return [];
      }
    });
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
