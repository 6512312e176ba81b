import { TICKS_PER_MS } from './clock.ts';

/** What an event of the log is. */
export const EVENT = { timer: 1, frame: 2, commit: 3, fault: 4 } as const;
export type EventKind = (typeof EVENT)[keyof typeof EVENT];

/** The log of a run, kept as a running hash: two runs with one hash had the same events at the same times. */
export interface EventLog {
  /** @param fingerprint 32 bits of what happened; 0 where the kind says it all */
  add(atMs: number, node: number, kind: EventKind, fingerprint: number): void;
  readonly count: number;
  /** 64 bits as 16 hexadecimal digits. */
  hash(): string;
}

/** Two lanes of FNV-1a over 32-bit words with different primes, each turned so that high bits reach low ones; MurmurHash3's fmix32 ends them. */
export function createEventLog(listen?: EventLog['add']): EventLog {
  let a = 0x811c9dc5 | 0;
  let b = 0x9747b28c | 0;
  let count = 0;
  const feed = (word: number): void => {
    a = Math.imul(a ^ word, 0x01000193);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b ^ word, 0x85ebca6b);
    b = (b << 15) | (b >>> 17);
  };
  const end = (lane: number): string => {
    let h = lane ^ (lane >>> 16);
    h = Math.imul(h, 0x85ebca6b);
    h ^= h >>> 13;
    h = Math.imul(h, 0xc2b2ae35);
    return ((h ^ (h >>> 16)) >>> 0).toString(16).padStart(8, '0');
  };
  return {
    add(atMs, node, kind, fingerprint) {
      const ticks = Math.round(atMs * TICKS_PER_MS);
      count++;
      feed(ticks | 0);
      feed(Math.floor(ticks / 4_294_967_296));
      feed((node << 4) | kind);
      feed(fingerprint);
      listen?.(atMs, node, kind, fingerprint);
    },
    get count() {
      return count;
    },
    hash: () => end(a) + end(b ^ count),
  };
}
