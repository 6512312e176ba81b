/**
 * Dot products and Hamming distances of many vectors with one, in WebAssembly SIMD, written here as the instructions
 * themselves: the functions below put together the bytes of one small module, so nothing has to be built or fetched.
 * Every function has a twin in plain JavaScript with the same results (vectorScan.ts).
 */

/** Opcodes, by their names in the text format (WebAssembly core specification 2.0, appendix of instructions). */
const op = {
  block: 0x02,
  loop: 0x03,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
  i32_store: 0x36,
  i32_const: 0x41,
  i32_eqz: 0x45,
  i32_add: 0x6a,
  i32_sub: 0x6b,
} as const;
const I32 = 0x7f;
const V128 = 0x7b;
const VOID = 0x40;

/** An unsigned number in LEB128, the format's variable length. */
function leb(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    out.push(rest === 0 ? byte : byte | 0x80);
  } while (rest !== 0);
  return out;
}

const simd = (code: number): number[] => [0xfd, ...leb(code)];
const v = {
  load: [...simd(0x00), 0, 0],
  load8x8_s: [...simd(0x01), 0, 0],
  zero: [...simd(0x0c), ...new Array<number>(16).fill(0)],
  xor: simd(0x51),
  i8x16_popcnt: simd(0x62),
  i16x8_pairwise_u: simd(0x7d),
  i32x4_pairwise_u: simd(0x7f),
  i32x4_add: simd(0xae),
  i32x4_dot: simd(0xba),
  lane: (i: number): number[] => [...simd(0x1b), i],
};
const get = (local: number): number[] => [op.get, ...leb(local)];
const set = (local: number): number[] => [op.set, ...leb(local)];
/** Numbers below 64 take one byte, signed too. */
const plus = (local: number, by: number): number[] => [
  ...get(local),
  op.i32_const,
  by,
  op.i32_add,
  ...set(local),
];

/** The four lanes of a local, added. */
const lanes = (local: number): number[] => [
  ...get(local),
  ...v.lane(0),
  ...[1, 2, 3].flatMap((i) => [...get(local), ...v.lane(i), op.i32_add]),
];

/** Parameters and locals of both functions. */
const QUERY = 0;
const VECTORS = 1;
const COUNT = 2;
const STEPS = 3;
const OUT = 4;
const AT = 5;
const LEFT = 6;
const SUM = 7;

/**
 * `(query, vectors, count, steps, out)`: for each of `count` vectors, one behind the other, the sum of `step` over
 * `steps` pieces of it and of the query, stored as i32 at `out`.
 */
function scanOf(step: readonly number[], bytes: number): number[] {
  const inner = [
    ...step,
    ...plus(AT, bytes),
    ...plus(VECTORS, bytes),
    ...[...get(LEFT), op.i32_const, 1, op.i32_sub, op.tee, LEFT],
    ...[op.br_if, 0],
  ];
  const outer = [
    ...[...get(COUNT), op.i32_eqz, op.br_if, 1],
    ...[...get(QUERY), ...set(AT), ...get(STEPS), ...set(LEFT), ...v.zero, ...set(SUM)],
    ...[op.loop, VOID, ...inner, op.end],
    ...[...get(OUT), ...lanes(SUM), op.i32_store, 2, 0],
    ...plus(OUT, 4),
    ...[...get(COUNT), op.i32_const, 1, op.i32_sub, ...set(COUNT)],
    ...[op.br, 0],
  ];
  return [op.block, VOID, op.loop, VOID, ...outer, op.end, op.end, op.end];
}

/** 8 numbers of both as 16-bit lanes, multiplied and added in pairs. */
const dotStep = [
  ...get(SUM),
  ...[...get(AT), ...v.load8x8_s, ...get(VECTORS), ...v.load8x8_s, ...v.i32x4_dot],
  ...[...v.i32x4_add, ...set(SUM)],
];
/** 128 bits of both: how many differ. */
const hammingStep = [
  ...get(SUM),
  ...[...get(AT), ...v.load, ...get(VECTORS), ...v.load, ...v.xor, ...v.i8x16_popcnt],
  ...[...v.i16x8_pairwise_u, ...v.i32x4_pairwise_u, ...v.i32x4_add, ...set(SUM)],
];

const section = (id: number, content: readonly number[]): number[] => [
  id,
  ...leb(content.length),
  ...content,
];
const name = (text: string): number[] => [text.length, ...Array.from(text, (c) => c.charCodeAt(0))];
const body = (code: readonly number[]): number[] => {
  // Two locals of i32, then one of v128, behind the five parameters.
  const whole = [2, 2, I32, 1, V128, ...code];
  return [...leb(whole.length), ...whole];
};

/** The bytes of the module: imports `env.memory`, exports `dot` and `hamming`. */
export function kernelBytes(): Uint8Array<ArrayBuffer> {
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 5, I32, I32, I32, I32, I32, 0]),
    ...section(2, [1, ...name('env'), ...name('memory'), 2, 0, 1]),
    ...section(3, [2, 0, 0]),
    ...section(7, [2, ...name('dot'), 0, 0, ...name('hamming'), 0, 1]),
    ...section(10, [2, ...body(scanOf(dotStep, 8)), ...body(scanOf(hammingStep, 16))]),
  ]);
}
