/**
 * The port between the domain and whatever holds the relay: a directory today, a key-value stream with revisions later.
 *
 * A key is one or more segments joined by "/"; a prefix is the same. A store never interprets a segment; it refuses
 * empty segments, "." and "..", and anything that would leave the relay.
 *
 * Every operation may reject with DispatchError: `STORE_UNAVAILABLE` (disk full, I/O error, missing right; `data.outcome`
 * is `"none"` when nothing became visible and `"unknown"` when it may have), `RELAY_UNSAFE`, `RELAY_TOO_NEW`.
 * What is merely not there is never an error.
 */
export interface Store {
  /** Where the relay is, for people and models to read: a path, later a URL. */
  readonly location: string;

  /**
   * Publishes a value under a key that must not exist. True for exactly one of several racing callers, false when the key
   * exists. Readers see the whole value or none. Durable when it returns, unless `durable` is false.
   */
  create(key: string, value: Value, options?: WriteOptions): Promise<boolean>;

  /**
   * `create` for many entries, synced together; the outcomes stand in the order of the entries, and one failure does not
   * stop the others. Entries that share one `value` object may share its storage.
   */
  createAll(entries: readonly Entry[], options?: WriteOptions): Promise<CreateOutcome[]>;

  /**
   * Sets a key to a value, whole or not at all; the last of several racing writers wins. Not durable, unless `durable` is
   * true: then the value survives a power cut once the call has returned, and before that it is the old one or the new one.
   */
  put(key: string, value: Value, options?: WriteOptions): Promise<void>;

  /**
   * Adds records to a log, which begins with its first. `read` gives a log with one record a line, in the order in which
   * one process appended them; several processes may append at once. Not durable by itself, and a crash may leave the last
   * record torn, which takes no other with it. A record is not empty and holds no newline.
   */
  append(log: string, ...records: readonly string[]): Promise<void>;

  /**
   * What a log holds behind `after`, 0 or the `next` of an earlier part, at most `maxBytes` of it; undefined when there is
   * no such log. Records are lines, as in `read`: a part may end within one, and one that is just being appended
   * may be there by half. Nothing behind the last record is an empty part.
   */
  readLog(log: string, after: number, maxBytes: number): Promise<LogPart | undefined>;

  /** What a key holds; undefined when it does not exist. Never reads more than `maxBytes`, nor anything but a plain value. */
  read(key: string, maxBytes: number): Promise<ReadOutcome | undefined>;

  /**
   * The next segments below a prefix, of keys and of deeper prefixes alike, in no order; empty when there are none. A key
   * that is moved or created while the listing is taken may be missing from it, and is not thereby gone.
   */
  list(prefix: string): Promise<readonly string[]>;

  /** How many segments `list` would give, counted up to `limit` and no further. */
  count(prefix: string, limit: number): Promise<number>;

  /**
   * Renames a key. True for exactly one of several racing callers that move or remove it. An existing target is replaced.
   * Not durable, unless `durable` is true: then the new name survives a power cut once the call has returned true.
   * A key that is moved to itself stays as it is, so that with `durable` this makes durable what another process created.
   */
  move(from: string, to: string, options?: WriteOptions): Promise<boolean>;

  /**
   * `move` for many values, synced together; the outcomes stand in their order. What is no value, such as a folder in the
   * place of one, stays, and is false. When it rejects, `outcome` says whether some may have moved.
   */
  moveAll(moves: readonly Move[], options?: WriteOptions): Promise<boolean[]>;

  /** Removes a key. True for exactly one of several racing callers that move or remove it. */
  remove(key: string, options?: WriteOptions): Promise<boolean>;

  /** `remove` for many keys, synced together; the outcomes stand in the order of the keys. */
  removeAll(keys: readonly string[], options?: WriteOptions): Promise<boolean[]>;

  /** Forgets an empty prefix, where a store keeps such a thing at all. A prefix that holds anything stays. */
  prune(prefix: string): Promise<void>;

  /**
   * The record under a key: a value with a revision, changed by `update` only. Undefined when there is none. With `durable`
   * true it, or what has followed on it, survives a power cut once the call has returned: another process may have been killed
   * right behind the change that is read here.
   */
  readRecord(key: string, options?: WriteOptions): Promise<Record | undefined>;

  /**
   * Compare-and-set of a record. `revision` is the one that was read, undefined for "there is none yet"; a value of
   * undefined ends the record. True for exactly one of several racing callers that name the same revision. Durable when it
   * returns true. Records and plain keys live under different keys.
   */
  update(key: string, revision: string | undefined, value: Value | undefined): Promise<boolean>;

  /**
   * Takes away what is left of a record that was ended, so that it costs nothing any more. One that holds a value stays.
   * Only for keys that are never used again: whoever makes a record under the same key meanwhile may lose it.
   */
  forget(key: string): Promise<void>;

  /** Hints to whoever watches the channel that there is something to look at. Never fails, and may be lost. */
  ring(channel: string): Promise<void>;

  /** Calls `hint` after a ring of the channel, sometimes without one, sometimes not at all: poll as well. */
  watch(channel: string, hint: () => void): Promise<Watch>;

  /**
   * Runs `work` unless another process runs work of this name; false when it was left out. A courtesy that saves doing
   * harmless work twice: the lock can be lost, so it must never decide who owns anything.
   */
  exclusively(name: string, work: () => Promise<void>): Promise<boolean>;

  /** Removes what interrupted operations of this store left behind and nobody can see. */
  tidy(): Promise<void>;
}

/** Text is stored as UTF-8. */
export type Value = string | Uint8Array;

export interface Entry {
  readonly key: string;
  readonly value: Value | SharedValue;
}

/** A value that several entries of one `createAll` hold by reference, so that it is written once. */
export interface SharedValue {
  readonly shared: Value;
}

export interface Move {
  readonly from: string;
  readonly to: string;
}

export interface WriteOptions {
  /** Survives a power cut once the call has returned, where the store was opened for that. @default true, for `move`, `put` and `readRecord` false */
  readonly durable?: boolean;
}

/** `failed` carries why; its `outcome` tells whether the entry may nevertheless be visible. */
export type CreateOutcome =
  | { readonly state: 'created' }
  | { readonly state: 'exists' }
  | { readonly state: 'failed'; readonly error: Error; readonly outcome: 'none' | 'unknown' };

export type ReadOutcome =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly modifiedAt: number }
  | { readonly ok: false; readonly unsafe: string; readonly modifiedAt: number };

export interface LogPart {
  readonly bytes: Uint8Array;
  /** Where the next part begins. */
  readonly next: number;
  /** Where the log ended when it was read, whatever `after` was: for reading it from its end. */
  readonly end: number;
}

export interface Record {
  /** Names this state of the record and no other, ever. */
  readonly revision: string;
  readonly value: Uint8Array;
}

export interface Watch {
  /** False when hints cannot come (no watches left, a file system without events): polling must do all the work. */
  readonly active: boolean;
  /** Why it is not active, for a warning to a person. */
  readonly reason?: string;
  close(): Promise<void>;
}
