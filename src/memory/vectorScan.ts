import { kernelBytes } from './vectorKernel.ts';

/** Bytes in which vectors lie, and scans over them. All places are byte offsets into `bytes`. */
export interface VectorScan {
  /** Replaced when room is made. */
  readonly bytes: Int8Array<ArrayBuffer>;
  /** Makes sure that there are so many bytes; what is there stays. */
  reserve(size: number): void;
  /** For each of `count` vectors of `size` bytes (a multiple of 8) from `vectors` on: its dot product with the one at `query`. */
  dot(query: number, vectors: number, count: number, size: number, out: Int32Array): void;
  /** The dot product with one vector. */
  dotOne(query: number, vector: number, size: number): number;
  /** As `dot` for bits that differ; `size` is a multiple of 16. */
  hamming(query: number, vectors: number, count: number, size: number, out: Int32Array): void;
}

/** Bits set in each byte. */
const BITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  let n = 0;
  for (let rest = byte; rest > 0; rest >>= 1) n += rest & 1;
  return n;
});

/** The scans in plain JavaScript. */
export function plainScan(): VectorScan {
  let bytes = new Int8Array(1_024);
  return {
    get bytes() {
      return bytes;
    },
    reserve(size) {
      if (size <= bytes.length) return;
      const grown = new Int8Array(Math.ceil(size * 1.5));
      grown.set(bytes);
      bytes = grown;
    },
    dot(query, vectors, count, size, out) {
      for (let i = 0, at = vectors; i < count; i++, at += size) {
        let sum = 0;
        for (let d = 0; d < size; d++) sum += bytes[query + d]! * bytes[at + d]!;
        out[i] = sum;
      }
    },
    dotOne(query, vector, size) {
      let sum = 0;
      for (let d = 0; d < size; d++) sum += bytes[query + d]! * bytes[vector + d]!;
      return sum;
    },
    hamming(query, vectors, count, size, out) {
      for (let i = 0, at = vectors; i < count; i++, at += size) {
        let sum = 0;
        for (let d = 0; d < size; d++) sum += BITS[(bytes[query + d]! ^ bytes[at + d]!) & 0xff]!;
        out[i] = sum;
      }
    },
  };
}

const PAGE = 65_536;
/** Vectors scanned at once; their results lie at the beginning of the memory. */
const BATCH = 4_096;

type Kernel = Record<
  'dot' | 'hamming',
  (q: number, v: number, n: number, steps: number, out: number) => void
>;
let module: WebAssembly.Module | null | undefined;

/** The scans in WebAssembly SIMD; null where there is none. */
export function simdScan(): VectorScan | null {
  if (module === undefined) {
    try {
      module = new WebAssembly.Module(kernelBytes());
    } catch {
      module = null;
    }
  }
  if (module === null) return null;
  const memory = new WebAssembly.Memory({ initial: 2 });
  const kernel = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernel;
  const scan =
    (run: keyof Kernel, step: number): VectorScan['dot'] =>
    (query, vectors, count, size, out) => {
      const results = new Int32Array(memory.buffer, 0, BATCH);
      for (let from = 0; from < count; from += BATCH) {
        const n = Math.min(BATCH, count - from);
        kernel[run](offset + query, offset + vectors + from * size, n, size / step, 0);
        out.set(results.subarray(0, n), from);
      }
    };
  const offset = 4 * BATCH;
  let one = new Int32Array(memory.buffer, 0, 1);
  // A memory that grew has another buffer.
  const result = (): Int32Array => (one.length === 1 ? one : (one = new Int32Array(memory.buffer, 0, 1)));
  let bytes = new Int8Array(memory.buffer, offset);
  return {
    get bytes() {
      return bytes;
    },
    reserve(size) {
      const missing = offset + size - memory.buffer.byteLength;
      if (missing <= 0) return;
      // A half more than asked for: growing may copy.
      memory.grow(Math.ceil(Math.max(missing, memory.buffer.byteLength / 2) / PAGE));
      bytes = new Int8Array(memory.buffer, offset);
    },
    dot: scan('dot', 8),
    dotOne(query, vector, size) {
      kernel.dot(offset + query, offset + vector, 1, size / 8, 0);
      return result()[0]!;
    },
    hamming: scan('hamming', 16),
  };
}
