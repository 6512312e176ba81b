import type { JournalEntry } from './journal.ts';

/** Many entries in few buffers: what crosses from a node to the one writer, and what lies in a segment. */
export interface PackedEntries {
  /** Each owner once. */
  readonly owners: readonly string[];
  /** By entry: its owner's place in `owners`. */
  readonly ownerOf: Uint32Array;
  /** By entry: where its text ends in `bytes`; it begins where the one before it ends. */
  readonly ends: Uint32Array;
  /** The texts in UTF-8. A lone surrogate would come back as U+FFFD; JSON has none. */
  readonly bytes: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Where the text of entry `i` begins. */
export const startOf = (packed: PackedEntries, i: number): number => (i === 0 ? 0 : packed.ends[i - 1]!);

/** The text of entry `i`. */
export const textAt = (packed: PackedEntries, i: number): string =>
  decoder.decode(packed.bytes.subarray(startOf(packed, i), packed.ends[i]));

/** The same entries, with all columns in one buffer of their own, and that buffer: to be transferred. */
export interface Parcel extends PackedEntries {
  readonly buffer: ArrayBuffer;
}

/** An entry of somebody's, where it lies. */
export interface EntryRef {
  readonly owner: string;
  readonly source: PackedEntries;
  readonly index: number;
}

/** Bytes of text of an entry. */
export const bytesOf = ({ source, index }: EntryRef): number => source.ends[index]! - startOf(source, index);

/** The owners of entries, each once, and the bytes of all texts. */
export function measure(refs: readonly EntryRef[]): { ids: Map<string, number>; textBytes: number } {
  const ids = new Map<string, number>();
  let textBytes = 0;
  for (const ref of refs) {
    if (!ids.has(ref.owner)) ids.set(ref.owner, ids.size);
    textBytes += bytesOf(ref);
  }
  return { ids, textBytes };
}

/** Copies entries into columns that have room for them. */
export function fill(into: PackedEntries, refs: readonly EntryRef[], ids: ReadonlyMap<string, number>): void {
  let end = 0;
  refs.forEach((ref, i) => {
    const { source, index } = ref;
    into.bytes.set(source.bytes.subarray(startOf(source, index), source.ends[index]), end);
    end += bytesOf(ref);
    into.ownerOf[i] = ids.get(ref.owner)!;
    into.ends[i] = end;
  });
}

/** Columns for so many entries in one buffer. */
function parcelFor(owners: readonly string[], entries: number, textBytes: number): Parcel {
  const buffer = new ArrayBuffer(8 * entries + textBytes);
  return {
    owners,
    buffer,
    ownerOf: new Uint32Array(buffer, 0, entries),
    ends: new Uint32Array(buffer, 4 * entries, entries),
    bytes: new Uint8Array(buffer, 8 * entries),
  };
}

/** Entries from wherever they lie, in one buffer. */
export function copyEntries(refs: readonly EntryRef[]): Parcel {
  const { ids, textBytes } = measure(refs);
  const parcel = parcelFor([...ids.keys()], refs.length, textBytes);
  fill(parcel, refs, ids);
  return parcel;
}

/** Packs entries one after the other. Hand out with `take`; then it is empty again. */
export class EntryPacker {
  #owners = new Map<string, number>();
  #ownerOf: number[] = [];
  #ends: number[] = [];
  #bytes = new Uint8Array(4_096);
  #length = 0;

  /** Entries packed since the last `take`. */
  get count(): number {
    return this.#ends.length;
  }

  add(owner: string, text: string): void {
    let id = this.#owners.get(owner);
    if (id === undefined) this.#owners.set(owner, (id = this.#owners.size));
    // A UTF-16 code unit takes three bytes at most.
    const needed = this.#length + 3 * text.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
    this.#ownerOf.push(id);
    this.#ends.push(this.#length);
  }

  take(): Parcel {
    const parcel = parcelFor([...this.#owners.keys()], this.#ends.length, this.#length);
    parcel.ownerOf.set(this.#ownerOf);
    parcel.ends.set(this.#ends);
    parcel.bytes.set(this.#bytes.subarray(0, this.#length));
    this.#owners = new Map();
    this.#ownerOf = [];
    this.#ends = [];
    this.#length = 0;
    return parcel;
  }
}

export function packEntries(entries: readonly JournalEntry[]): Parcel {
  const packer = new EntryPacker();
  for (const { owner, text } of entries) packer.add(owner, text);
  return packer.take();
}

/** Entries `from` to `to` (not included) as entries of their own, over the same bytes. */
export function sliceEntries(packed: PackedEntries, from: number, to: number): PackedEntries {
  const start = from < to ? startOf(packed, from) : 0;
  return {
    owners: packed.owners,
    ownerOf: packed.ownerOf.subarray(from, to),
    ends: packed.ends.subarray(from, to).map((end) => end - start),
    bytes: packed.bytes.subarray(start, from < to ? packed.ends[to - 1] : 0),
  };
}

/** Each owner's texts in the order of the entries, in the order of `owners`. */
export function textsByOwner(packed: PackedEntries, owners: readonly string[]): string[][] {
  const lists = packed.owners.map((): string[] => []);
  for (let i = 0; i < packed.ends.length; i++) lists[packed.ownerOf[i]!]!.push(textAt(packed, i));
  const byOwner = new Map(packed.owners.map((owner, i) => [owner, lists[i]!]));
  return owners.map((owner) => byOwner.get(owner) ?? []);
}
