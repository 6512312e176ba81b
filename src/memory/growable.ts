/** Room grows by this factor; the old array is copied once. */
const GROWTH = 1.5;
/** Room for so many with the first: most agents of a big grove hold little, and what holds nothing costs nothing. */
const FIRST = 4;

/** Room after `length` is used up. */
const more = (length: number): number => Math.max(FIRST, Math.ceil(length * GROWTH));

/** A Uint32Array that grows. `array` is replaced when it does: do not keep it. */
export class GrowableU32 {
  array: Uint32Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = 0) {
    this.array = new Uint32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.array.length) {
      const grown = new Uint32Array(more(this.array.length));
      grown.set(this.array);
      this.array = grown;
    }
    this.array[this.length++] = value;
  }
}

/** A Float32Array that grows. `array` is replaced when it does: do not keep it. */
export class GrowableF32 {
  array = new Float32Array(0);
  length = 0;

  push(value: number): void {
    if (this.length === this.array.length) {
      const grown = new Float32Array(more(this.array.length));
      grown.set(this.array);
      this.array = grown;
    }
    this.array[this.length++] = value;
  }
}

/** A Float64Array that grows. `array` is replaced when it does: do not keep it. */
export class GrowableF64 {
  array = new Float64Array(0);
  length = 0;

  push(value: number): void {
    if (this.length === this.array.length) {
      const grown = new Float64Array(more(this.array.length));
      grown.set(this.array);
      this.array = grown;
    }
    this.array[this.length++] = value;
  }
}

const encoder = new TextEncoder();
let scratch = new Uint8Array(4_096);
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Texts as bytes outside the JavaScript heap, told by number in the order of `push`. */
export class TextArena {
  #bytes = new Uint8Array(0);
  #used = 0;
  /** By text: its end in `#bytes`, and 1 where it is kept as UTF-16 instead of UTF-8. */
  readonly #ends = new GrowableU32();
  readonly #wide = new GrowableU32();
  /** UTF-16 code units of each text. */
  readonly #units = new GrowableU32();

  /** Bytes in use. */
  get bytes(): number {
    return this.#used;
  }

  /** The most bytes that `text` could take. */
  static bound(text: string): number {
    return text.length * 3;
  }

  push(text: string): void {
    // A lone half of a surrogate pair cannot be written as UTF-8, and a memory must come back as it was.
    const wide = !isWellFormed(text);
    if (wide) {
      this.#reserve(2 * text.length);
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        this.#bytes[this.#used++] = unit & 0xff;
        this.#bytes[this.#used++] = unit >>> 8;
      }
    } else {
      // Written elsewhere first: room for the most that it could take would be three times what it mostly takes.
      const bound = TextArena.bound(text);
      if (scratch.length < bound) scratch = new Uint8Array(2 * bound);
      const { written } = encoder.encodeInto(text, scratch);
      this.#reserve(written);
      this.#bytes.set(scratch.subarray(0, written), this.#used);
      this.#used += written;
    }
    this.#ends.push(this.#used);
    this.#wide.push(wide ? 1 : 0);
    this.#units.push(text.length);
  }

  /** Overwrites a text and gives its room back: it reads as empty from now on, and its number stays taken. */
  erase(index: number): void {
    const from = index === 0 ? 0 : this.#ends.array[index - 1]!;
    const to = this.#ends.array[index]!;
    this.#bytes.copyWithin(from, to, this.#used);
    this.#bytes.fill(0, this.#used - (to - from), this.#used);
    this.#used -= to - from;
    for (let i = index; i < this.#ends.length; i++) this.#ends.array[i]! -= to - from;
    this.#wide.array[index] = 0;
    this.#units.array[index] = 0;
  }

  /** The length of a text in UTF-16 code units, without reading it. */
  unitsOf(index: number): number {
    return this.#units.array[index]!;
  }

  get(index: number): string {
    const from = index === 0 ? 0 : this.#ends.array[index - 1]!;
    const slice = this.#bytes.subarray(from, this.#ends.array[index]);
    if (this.#wide.array[index] === 0) return decoder.decode(slice);
    let text = '';
    for (let i = 0; i < slice.length; i += 2) text += String.fromCharCode(slice[i]! | (slice[i + 1]! << 8));
    return text;
  }

  #reserve(more: number): void {
    if (this.#used + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.ceil(Math.max(this.#bytes.length * GROWTH, this.#used + more)));
    grown.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = grown;
  }
}

/** Whether no half of a surrogate pair stands alone: with the u flag the class matches lone halves only. */
function isWellFormed(text: string): boolean {
  return !/[\uD800-\uDFFF]/u.test(text);
}
