/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

const NONE = new Int32Array(0);

/** Eight tables, so that eight bytes are folded in at a time (Kounavis and Berry 2005, "slicing-by-8"). */
const [T0, T1, T2, T3, T4, T5, T6, T7] = ((): Int32Array[] => {
  const first = new Int32Array(256);
  for (let i = 0; i < 256; i++) {
    let c = i;
    for (let bit = 0; bit < 8; bit++) c = (c & 1) === 1 ? (c >>> 1) ^ POLYNOMIAL : c >>> 1;
    first[i] = c;
  }
  const tables = [first];
  for (let t = 1; t < 8; t++) tables.push(tables[t - 1]!.map((c) => first[c & 255]! ^ (c >>> 8)));
  return tables;
})() as [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];

/**
 * CRC-32C (RFC 3720, appendix B.4) of `bytes`, as an unsigned 32-bit number.
 * @param seed the checksum of what comes before `bytes`; 0 for nothing
 */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  const { length } = bytes;
  let crc = ~seed;
  let i = 0;
  // Words are read whole, which wants an address that four divides, and the order of bytes that every browser's machine has.
  while (i < length && ((bytes.byteOffset + i) & 3) !== 0) crc = T0[(crc ^ bytes[i++]!) & 255]! ^ (crc >>> 8);
  const pairs = ((length - i) >> 2) & ~1;
  const words = pairs > 0 ? new Int32Array(bytes.buffer, bytes.byteOffset + i, pairs) : NONE;
  for (let w = 0; w < pairs; w += 2) {
    const a = crc ^ words[w]!;
    const b = words[w + 1]!;
    crc =
      T7[a & 255]! ^
      T6[(a >>> 8) & 255]! ^
      T5[(a >>> 16) & 255]! ^
      T4[a >>> 24]! ^
      T3[b & 255]! ^
      T2[(b >>> 8) & 255]! ^
      T1[(b >>> 16) & 255]! ^
      T0[b >>> 24]!;
  }
  for (i += 4 * pairs; i < length; i++) crc = T0[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
