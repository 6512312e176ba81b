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
