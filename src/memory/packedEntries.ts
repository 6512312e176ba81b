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

/** The texts of all entries. */
export function textsOf(packed: PackedEntries): string[] {
  const { bytes, ends } = packed;
  const all = decoder.decode(bytes);
  // Where every character is one byte, one decoding serves all.
  if (all.length !== bytes.length) return Array.from(ends, (_, i) => textAt(packed, i));
  return Array.from(ends, (end, i) => all.slice(startOf(packed, i), end));
}

/** The same entries, with all columns in one buffer of their own, and that buffer: to be transferred. */
export interface Parcel extends PackedEntries {
  readonly buffer: ArrayBuffer;
}

/** Entries `from` to `to` (not included) of some packing, where they lie; at least one. */
export interface EntryRun {
  readonly source: PackedEntries;
  readonly from: number;
  readonly to: number;
}

/** Bytes of text of a run. */
export const bytesOf = ({ source, from, to }: EntryRun): number =>
  source.ends[to - 1]! - startOf(source, from);

/** All entries of a packing. */
export const wholeRun = (source: PackedEntries): EntryRun[] =>
  source.ends.length > 0 ? [{ source, from: 0, to: source.ends.length }] : [];

/** The entries of the owners for whom `isWanted` holds, in their order, as few runs as possible. */
export function runsOf(source: PackedEntries, isWanted: (owner: string) => boolean): EntryRun[] {
  const count = source.ends.length;
  const wanted = source.owners.map(isWanted);
  if (wanted.every((is) => is)) return wholeRun(source);
  const runs: EntryRun[] = [];
  let from = 0;
  for (let i = 0; i <= count; i++) {
    if (i < count && wanted[source.ownerOf[i]!] === true) continue;
    if (from < i) runs.push({ source, from, to: i });
    from = i + 1;
  }
  return runs;
}

/** What runs come to in one packing. */
export interface Measured {
  /** The owners of their entries, each once, in order of appearance. */
  readonly owners: readonly string[];
  readonly entries: number;
  readonly textBytes: number;
  /** By source: each of its owners' place in `owners`, where it has one. */
  readonly places: ReadonlyMap<PackedEntries, Int32Array>;
}

export function measure(runs: readonly EntryRun[]): Measured {
  const ids = new Map<string, number>();
  const places = new Map<PackedEntries, Int32Array>();
  let entries = 0;
  let textBytes = 0;
  for (const run of runs) {
    const { source, from, to } = run;
    let own = places.get(source);
    if (!own) places.set(source, (own = new Int32Array(source.owners.length).fill(-1)));
    for (let i = from; i < to; i++) {
      const owner = source.ownerOf[i]!;
      if (own[owner] !== -1) continue;
      const name = source.owners[owner]!;
      const id = ids.get(name) ?? ids.size;
      ids.set(name, id);
      own[owner] = id;
    }
    entries += to - from;
    textBytes += bytesOf(run);
  }
  return { owners: [...ids.keys()], entries, textBytes, places };
}

/** Copies runs into columns that have room for them. */
export function fill(into: PackedEntries, runs: readonly EntryRun[], { places }: Measured): void {
  let at = 0;
  let end = 0;
  for (const { source, from, to } of runs) {
    const own = places.get(source)!;
    const start = startOf(source, from);
    into.bytes.set(source.bytes.subarray(start, source.ends[to - 1]), end);
    for (let i = from; i < to; i++, at++) {
      into.ownerOf[at] = own[source.ownerOf[i]!]!;
      into.ends[at] = source.ends[i]! - start + end;
    }
    end = at === 0 ? 0 : into.ends[at - 1]!;
  }
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
export function copyEntries(runs: readonly EntryRun[]): Parcel {
  const measured = measure(runs);
  const parcel = parcelFor(measured.owners, measured.entries, measured.textBytes);
  fill(parcel, runs, measured);
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

/** One for all, so that its buffer has grown already. */
const packer = new EntryPacker();

export function packEntries(entries: readonly JournalEntry[]): Parcel {
  try {
    for (const { owner, text } of entries) packer.add(owner, text);
    return packer.take();
  } catch (e) {
    // Nothing of this one may end up in the next.
    packer.take();
    throw e;
  }
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
  textsOf(packed).forEach((text, i) => lists[packed.ownerOf[i]!]!.push(text));
  const byOwner = new Map(packed.owners.map((owner, i) => [owner, lists[i]!]));
  return owners.map((owner) => byOwner.get(owner) ?? []);
}
