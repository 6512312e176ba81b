import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc32c } from '../../../src/memory/crc32c.ts';

it('agrees with the vectors of RFC 3720, appendix B.4, and with itself in pieces', () => {
  const text = (s: string): Uint8Array => new TextEncoder().encode(s);
  const vectors: [Uint8Array, number][] = [
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(255), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    [text('123456789'), 0xe3069283],
    [text(''), 0],
  ];
  for (const [bytes, checksum] of vectors) {
    expect(crc32c(bytes)).toBe(checksum);
    for (const cut of [0, 1, 5, 8, bytes.length])
      expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(checksum);
  }
});

it('is the same wherever in memory the bytes lie, by the definition bit by bit', () => {
  const byBit = (bytes: Uint8Array): number => {
    let crc = ~0;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    return ~crc >>> 0;
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat({ max: 9 }), (content, at) => {
      const memory = new Uint8Array(at + content.length + 3).fill(170);
      memory.set(content, at);
      expect(crc32c(memory.subarray(at, at + content.length))).toBe(byBit(content));
    }),
    { numRuns: 500 },
  );
});
