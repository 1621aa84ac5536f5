import { mkdirSync, readdirSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ChildCounter } from '../../../src/store/filesystem/child-counter.js';
import { Files } from '../../../src/store/filesystem/files.js';
import { FaultySystem } from '../../helpers/store-faults.js';
import { useTemporaryDirectories } from '../../helpers/store-relay.js';

const temporaryDirectory = useTemporaryDirectories();

class Counted {
  readonly faulty = new FaultySystem();
  readonly files = new Files(this.faulty.system);
  readonly counter = new ChildCounter(this.files);
  readonly path = join(temporaryDirectory(), 'read');
  #serial = 0;
  // Well past, so that the directory is at rest, and later with every change of another process: what such a change does
  // to the time of a directory must not depend on how fast the test is.
  #modifiedAt = Date.now() - 3_600_000;

  constructor(names: number) {
    mkdirSync(this.path);
    for (let index = 0; index < names; index++) this.#add();
    this.#settle();
  }

  count(limit: number): number {
    return this.counter.count(this.path, limit);
  }

  /** Whether the last count looked into the directory. */
  counting(limit: number): boolean {
    this.faulty.arm(undefined);
    this.count(limit);
    return this.faulty.calls.includes('opendirSync');
  }

  add(): void {
    this.counter.changing(this.path, 1, () => {
      this.#add();
      return true;
    });
  }

  remove(): void {
    this.counter.changing(this.path, -1, () => this.files.unlink(this.#first()));
  }

  removeNothing(): void {
    this.counter.changing(this.path, -1, () => this.files.unlink(join(this.path, 'none')));
  }

  addedByAnother(): void {
    this.#add();
    this.#settle();
  }

  removedByAnother(): void {
    if (this.truth > 0) unlinkSync(this.#first());
    this.#settle();
  }

  get truth(): number {
    return readdirSync(this.path).length;
  }

  #add(): void {
    writeFileSync(join(this.path, `m${this.#serial++}`), '');
  }

  #first(): string {
    return join(this.path, readdirSync(this.path)[0] ?? 'none');
  }

  #settle(): void {
    this.#modifiedAt += 1000;
    utimesSync(this.path, new Date(), new Date(this.#modifiedAt));
  }
}

describe('a count', () => {
  it('is exact below, at and above its limit, in whatever order the limits come', () => {
    const counted = new Counted(100);
    for (const limit of [10, 1000, 99, 100, 101, 1, 0, 60, 1000]) {
      expect(counted.count(limit), `limit ${limit}`).toBe(Math.min(limit, 100));
    }
  });

  it('is remembered, and stays exact through our own changes without looking again', () => {
    const counted = new Counted(100);
    expect(counted.count(1000)).toBe(100);
    expect(counted.counting(1000)).toBe(false);
    for (let change = 0; change < 5; change++) counted.remove();
    counted.add();
    counted.removeNothing();
    expect(counted.counting(1000)).toBe(false);
    expect(counted.count(1000)).toBe(96);
  });

  it('is taken anew after a change of another process', () => {
    const counted = new Counted(100);
    counted.count(1000);
    counted.addedByAnother();
    expect(counted.count(1000)).toBe(101);
    counted.removedByAnother();
    counted.removedByAnother();
    expect(counted.count(1000)).toBe(99);
  });

  it('is not made wrong by a change of another process just before our own', () => {
    const counted = new Counted(100);
    counted.count(1000);
    counted.addedByAnother();
    counted.add();
    expect(counted.count(1000)).toBe(102);
  });

  it('that stopped at its limit stays exact when more is removed than it had counted', () => {
    const counted = new Counted(300);
    expect(counted.count(100)).toBe(100);
    for (let change = 0; change < 150; change++) counted.remove();
    expect(counted.count(100)).toBe(100);
    for (let change = 0; change < 60; change++) counted.remove();
    expect(counted.count(100)).toBe(90);
  });

  it('is zero when the directory is gone, and counts the one that takes its place', () => {
    const counted = new Counted(100);
    counted.count(1000);
    rmSync(counted.path, { recursive: true });
    expect(counted.count(1000)).toBe(0);
    mkdirSync(counted.path);
    writeFileSync(join(counted.path, 'new'), '');
    expect(counted.count(1000)).toBe(1);
    counted.add();
    expect(counted.count(1000)).toBe(2);
  });

  it('survives that the directory is removed between our change and the next count', () => {
    const counted = new Counted(100);
    counted.count(1000);
    expect(
      counted.counter.changing(counted.path, -1, () => {
        rmSync(counted.path, { recursive: true });
        return true;
      }),
    ).toBe(true);
    expect(counted.count(1000)).toBe(0);
  });

  it('does not hide that a change happened when the directory cannot be looked at afterwards', () => {
    const counted = new Counted(100);
    counted.count(1000);
    counted.faulty.arm({ at: 1, errno: 'EIO', forGood: true });
    expect(counted.counter.changing(counted.path, -1, () => true)).toBe(true);
    counted.faulty.arm(undefined);
    expect(counted.count(1000)).toBe(100);
  });

  it('is exact up to every limit through random changes of ours and of others', () => {
    const seed = Date.now() % 2 ** 31;
    let state = seed;
    // mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
    const random = (below: number) => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
    };
    const counted = new Counted(80);
    const changes = [
      () => counted.add(),
      () => counted.remove(),
      () => counted.removeNothing(),
      () => counted.addedByAnother(),
      () => counted.removedByAnother(),
      () => counted.remove(),
    ];
    const limits = [5, 20, 40, 1000];
    for (let step = 0; step < 600; step++) {
      // Long runs of changes of ours alone, which the memory survives, between those in which others join in.
      changes[random(step % 100 < 60 ? 3 : 6)]?.();
      const limit = limits[random(limits.length)] ?? 0;
      if (random(3) === 0) continue;
      expect(counted.count(limit), `seed ${seed}, step ${step}, limit ${limit}`).toBe(Math.min(counted.truth, limit));
    }
  });
});
