import { cosOfTurns, exp, ln, power } from '../../src/kernel/maths.ts';
import { hash32 } from '../../src/kernel/rng.ts';

/** A hash of the bits of many results of the functions that no engine may compute in its own way. */
export function mathsBits(): string {
  const bits = new DataView(new ArrayBuffer(8));
  let all = '';
  for (let i = 1; i <= 3_000; i++) {
    const x = (i * 0.618033988749895) % 1;
    for (const y of [ln(x * 1_000), exp(x * 20 - 10), power(i, x), cosOfTurns(x)]) {
      bits.setFloat64(0, y);
      all += `${bits.getUint32(0)},${bits.getUint32(4)};`;
    }
  }
  return hash32(all).toString(16);
}
