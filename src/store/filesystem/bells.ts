/**
 * Bells: one empty file an agent, touched by whoever sends to it. A watcher watches that one file; watching an inbox of
 * 10,000 messages would take 10,000 watches, and a user has some 65,000 in all.
 */
import { join } from 'node:path';
import { errnoOf } from '../../model/errors.js';
import type { Watch } from '../store.js';
import type { Files } from './files.js';

// chokidar says nothing of a change within 50 ms of one that it told of: the last of a row of rings would go unheard.
const HINT_AGAIN_MS = 60;

export class Bells {
  constructor(
    private readonly files: Files,
    private readonly folder: string,
  ) {}

  /** Touches the bell if somebody ever watched it. Errors are swallowed: a hint that is lost is found by polling. */
  ring(channel: string): void {
    const path = join(this.folder, channel);
    try {
      // To be told by a touch that it is missing takes ten times as long as to look.
      if (this.files.kindOf(path) === 'other') this.files.touch(path);
    } catch {
      // See above.
    }
  }

  /**
   * Watches a bell, which is made when it is missing. Resolves when the watch stands or has failed; a failure after that
   * makes it inactive. A bell that is removed makes the watch inactive too: watch again.
   */
  async watch(channel: string, hint: () => void): Promise<Watch> {
    const path = join(this.folder, channel);
    const state: { active: boolean; reason?: string } = { active: false };
    this.files.ensureDirectory(this.folder);
    this.#make(path);
    const { watch } = await import('chokidar');
    const watcher = watch(path, { ignoreInitial: true, persistent: false });
    let again: NodeJS.Timeout | undefined;
    const hintTwice = () => {
      hint();
      clearTimeout(again);
      again = setTimeout(hint, HINT_AGAIN_MS);
      again.unref();
    };
    const fail = (reason: string) => {
      state.active = false;
      state.reason ??= reason;
    };
    await new Promise<void>((resolve) => {
      watcher
        .on('ready', () => {
          if (state.reason === undefined) state.active = true;
          resolve();
        })
        .on('error', (error) => {
          fail(error instanceof Error ? error.message : String(error));
          resolve();
        })
        .on('change', hintTwice)
        .on('add', hintTwice)
        .on('unlink', () => {
          fail('the watched file was removed');
          hint();
        });
    });
    return {
      get active() {
        return state.active;
      },
      get reason() {
        return state.reason as string;
      },
      close: () => {
        clearTimeout(again);
        return watcher.close();
      },
    };
  }

  /** Without touching one that is there, which would ring for others. */
  #make(path: string): void {
    if (this.files.kindOf(path) !== 'missing') return;
    try {
      this.files.writeNew(path, new Uint8Array(), false);
    } catch (error) {
      // Another session of the agent was as quick.
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
}
