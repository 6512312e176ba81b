/** Deeper than this, a value is left to `structuredClone`, which also knows circles. */
const DEPTH_MAX = 64;

/**
 * Engines may differ in the last digit of a logarithm, and so of a score. So a fingerprint takes numbers to the precision
 * of a float32, and as many decimals of a number that stands in a text.
 */
const bits = new Float32Array(1);
const words = new Int32Array(bits.buffer);
const DECIMALS_MAX = 7;
/** So much of the beginning of a string counts. */
const LETTERS_MAX = 256;

/** Copies values as `postMessage` does, and fingerprints them on the way. */
export interface WireClone {
  /**
   * A deep copy. Plain objects, arrays and primitives are copied here; whatever else `structuredClone` can carry, it
   * carries; what it refuses (functions, symbols), this refuses with the same DataCloneError. Two places that share one
   * object get a copy each.
   */
  clone<T>(value: T): T;
  /** The same, without a fingerprint. */
  copy<T>(value: T): T;
  /**
   * 32 bits of the value that was cloned last: keys in their order, strings by their first 256 letters, numbers to 24 bits.
   */
  readonly fingerprint: number;
  /** Takes UTF-8 from one place to another into the fingerprint, as it does strings. */
  feedBytes(bytes: Uint8Array, from: number, to: number): void;
}

export function createWireClone(): WireClone {
  let h = 0;
  let hashing = true;
  const feed = (word: number): void => {
    h = Math.imul(h ^ word, 0x01000193);
    h = (h << 13) | (h >>> 19);
  };
  const feedText = (text: string): void => {
    if (!hashing) return;
    let fed = 0;
    /** Digits since a decimal point; -1 where there was none. */
    let decimals = -1;
    for (let i = 0; i < text.length && fed < LETTERS_MAX; i++) {
      const c = text.charCodeAt(i);
      if (c === 46) decimals = 0;
      else if (decimals >= 0) {
        if (c < 48 || c > 57) decimals = -1;
        else if (++decimals > DECIMALS_MAX) continue;
      }
      h = Math.imul(h ^ c, 0x01000193);
      fed++;
    }
    feed(fed);
  };

  function copy(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        feedText(value);
        return value;
      case 'number':
        if ((value | 0) === value) feed(value);
        else {
          bits[0] = value;
          feed(words[0]!);
        }
        return value;
      case 'boolean':
        feed(value ? 3 : 5);
        return value;
      case 'undefined':
        feed(7);
        return value;
      case 'object':
        break;
      case 'bigint':
      case 'function':
      case 'symbol':
        return structuredClone(value);
    }
    if (value === null) {
      feed(11);
      return null;
    }
    if (depth > DEPTH_MAX) return structuredClone(value);
    if (Array.isArray(value)) {
      const out = new Array<unknown>(value.length);
      feed(value.length ^ 0x5bd1e995);
      for (let i = 0; i < value.length; i++) out[i] = copy(value[i], depth + 1);
      return out;
    }
    const proto: unknown = Object.getPrototypeOf(value);
    if (proto !== Object.prototype && proto !== null) {
      const other: unknown = structuredClone(value);
      feed(13);
      if (other instanceof Map || other instanceof Set) copy([...other], depth + 1);
      else if (ArrayBuffer.isView(other))
        copy([...new Uint8Array(other.buffer, other.byteOffset, other.byteLength)], depth + 1);
      return other;
    }
    const out: Record<string, unknown> = {};
    const from = value as Record<string, unknown>;
    for (const key in from) {
      feedText(key);
      const value = copy(from[key], depth + 1);
      // Assigned, a key of that name would set the prototype instead.
      if (key === '__proto__')
        Object.defineProperty(out, key, { value, writable: true, enumerable: true, configurable: true });
      else out[key] = value;
    }
    feed(17);
    return out;
  }

  return {
    clone<T>(value: T): T {
      h = 0x811c9dc5 | 0;
      hashing = true;
      return copy(value, 0) as T;
    },
    copy<T>(value: T): T {
      hashing = false;
      return copy(value, 0) as T;
    },
    get fingerprint() {
      return h;
    },
    feedBytes(bytes, from, to) {
      let fed = 0;
      let decimals = -1;
      for (let i = from; i < to && fed < LETTERS_MAX; i++) {
        const c = bytes[i]!;
        if (c === 46) decimals = 0;
        else if (decimals >= 0) {
          if (c < 48 || c > 57) decimals = -1;
          else if (++decimals > DECIMALS_MAX) continue;
        }
        h = Math.imul(h ^ c, 0x01000193);
        fed++;
      }
      feed(fed);
    },
  };
}
