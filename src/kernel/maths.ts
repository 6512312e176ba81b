/**
 * Logarithm, exponential, power and cosine from additions, multiplications and divisions alone. ECMAScript leaves the
 * last digits of `Math.log` and its kin to the engine, and V8 changed them between versions: a run would have another
 * hash in another browser. IEEE 754 leaves nothing open of what is used here. Correct to a few units in the last place.
 */
const view = new DataView(new ArrayBuffer(8));

/** The natural logarithm of 2 in two parts; a multiple of the first by a whole number below 2^20 is exact. */
const LN2_HIGH = 0x162e42fefa / 2 ** 37;
const LN2_LOW = 1.6465949582897082e-12;
const EXP_MAX = 709.782712893384;
const EXP_MIN = -745.1332191019411;

/** Terms of the series of artanh and exp that still count in 53 bits, for arguments as small as they are made. */
const ARTANH_TERMS = 12;
const EXP_TERMS = 15;
const COS_TERMS = 10;

/** 2^k, whole k from -1022 to 1023. */
function twoTo(k: number): number {
  view.setUint32(0, (k + 1023) << 20);
  view.setUint32(4, 0);
  return view.getFloat64(0);
}

/** Natural logarithm. NaN below 0. */
export function ln(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  // Below the smallest normal number the exponent says nothing.
  if (x < 2 ** -1022) return ln(x * 2 ** 54) - 54 * (LN2_HIGH + LN2_LOW);
  view.setFloat64(0, x);
  const high = view.getUint32(0);
  let exponent = (high >>> 20) - 1023;
  view.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let mantissa = view.getFloat64(0);
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  // ln m = 2 artanh((m - 1) / (m + 1)).
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  let sum = 0;
  for (let k = ARTANH_TERMS; k > 0; k--) sum = z * (sum + 1 / (2 * k + 1));
  return exponent * LN2_HIGH + (exponent * LN2_LOW + 2 * (s + s * sum));
}

/** e to the power of x. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > EXP_MAX) return Infinity;
  if (x < EXP_MIN) return 0;
  const k = Math.round(x / (LN2_HIGH + LN2_LOW));
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = 1;
  for (let n = EXP_TERMS; n > 0; n--) sum = 1 + (r / n) * sum;
  if (k > 1023) return sum * 2 * twoTo(k - 1);
  return k < -1022 ? sum * twoTo(k + 100) * twoTo(-100) : sum * twoTo(k);
}

/** x to the power of y, for x >= 0. */
export function power(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  if (x === 0) return y > 0 ? 0 : Infinity;
  return exp(y * ln(x));
}

/** Cosine of so many full turns. */
export function cosOfTurns(turns: number): number {
  const t = Math.abs(turns) % 1;
  // Folded into [0, 1/8] of a turn, where the series is short; each fold is exact.
  const half = t > 0.5 ? 1 - t : t;
  const sign = half > 0.25 ? -1 : 1;
  const quarter = half > 0.25 ? 0.5 - half : half;
  return quarter > 0.125 ? sign * sinOfSmall(0.25 - quarter) : sign * cosOfSmall(quarter);
}

function cosOfSmall(turns: number): number {
  const x = 2 * Math.PI * turns;
  let sum = 1;
  for (let n = COS_TERMS; n > 0; n--) sum = 1 - ((x * x) / ((2 * n - 1) * (2 * n))) * sum;
  return sum;
}

function sinOfSmall(turns: number): number {
  const x = 2 * Math.PI * turns;
  let sum = 1;
  for (let n = COS_TERMS; n > 0; n--) sum = 1 - ((x * x) / (2 * n * (2 * n + 1))) * sum;
  return x * sum;
}
