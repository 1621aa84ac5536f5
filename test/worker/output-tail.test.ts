import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OutputTail } from '../../src/worker/output-tail.js';

it('is the end of all that was added, however it was cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.integer({ min: 1, max: 30 }), (chunks, room) => {
      const tail = new OutputTail(room);
      const ascii = chunks.map((chunk) => chunk.map((byte) => 97 + (byte % 26)));
      for (const chunk of ascii) tail.add(chunk);
      expect(tail.text()).toBe(Buffer.concat(ascii).subarray(-room).toString());
    }),
  );
});

it('begins with a whole character', () => {
  for (const room of [4, 5, 6, 7]) {
    const tail = new OutputTail(room);
    tail.add(Buffer.from('😀😀'));
    expect(tail.text()).toBe('😀');
  }
});

it('replaces what is no text', () => {
  const tail = new OutputTail(8);
  tail.add(Buffer.from([0x61, 0xff, 0x62]));
  expect(tail.text()).toBe('a\ufffdb');
});
