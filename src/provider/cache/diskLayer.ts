import { answerBytes } from './answerCache.ts';
import type { AnswerStore, StoredAnswer } from './answerStore.ts';
import { AutoPolicy } from './auto.ts';

/** Answers on disk: a budget and an index over an `AnswerStore`. */
export interface DiskLayer {
  readonly counts: { readonly hits: number; readonly misses: number; readonly evicted: number };
  readonly size: number;
  readonly bytes: number;
  /** Tells the answer and its age, or null; inside the call when it is not there. */
  read(
    key: string,
    nowMs: number,
    done: (answer: (StoredAnswer & { readonly ageMs: number }) | null) => void,
  ): void;
  put(answer: StoredAnswer, nowMs: number): void;
  /** Drops what rests on any of these. */
  invalidate(tags: readonly string[]): void;
}

const TYPICAL_BYTES = 1_024;

/** @param bytes budget; older than `maxAgeMs` an answer is no longer given */
export function createDiskLayer(
  store: AnswerStore,
  bytes: number,
  maxAgeMs: number,
  startMs: number,
): DiskLayer {
  const policy = new AutoPolicy(bytes, Math.max(16, Math.round(bytes / TYPICAL_BYTES)));
  const held = new Map<string, { readonly tags: readonly string[]; readonly putAtMs: number }>();
  const counts = { hits: 0, misses: 0, evicted: 0 };
  /** What became untrue before the index was there. */
  const early = new Set<string>();
  let indexed = false;

  function hold(key: string, weight: number, tags: readonly string[], putAtMs: number): void {
    if (held.has(key)) policy.remove(key);
    held.set(key, { tags, putAtMs });
    const gone: string[] = [];
    policy.admit(key, weight, (other) => gone.push(other as string));
    if (gone.length === 0) return;
    counts.evicted += gone.length;
    for (const other of gone) held.delete(other);
    store.remove(gone);
  }

  function drop(keys: readonly string[]): void {
    if (keys.length === 0) return;
    for (const key of keys) {
      policy.remove(key);
      held.delete(key);
    }
    store.remove(keys);
  }

  store.heads((heads) => {
    indexed = true;
    const stale: string[] = [];
    for (const { key, bytes: weight, tags, ageMs } of heads) {
      // What was put meanwhile is newer.
      if (held.has(key)) continue;
      if (ageMs > maxAgeMs || tags.some((tag) => early.has(tag))) stale.push(key);
      else hold(key, weight, tags, startMs - ageMs);
    }
    if (stale.length > 0) store.remove(stale);
    early.clear();
  });

  return {
    counts,
    get size() {
      return held.size;
    },
    get bytes() {
      return policy.used;
    },
    read(key, nowMs, done) {
      const found = policy.touch(key) ? held.get(key) : undefined;
      const ageMs = found === undefined ? Infinity : nowMs - found.putAtMs;
      if (ageMs > maxAgeMs) {
        if (found !== undefined) drop([key]);
        counts.misses++;
        done(null);
        return;
      }
      store.read(key, (answer) => {
        // It may have been dropped while it was read.
        const still = held.get(key) === found;
        if (answer !== null && still) counts.hits++;
        else counts.misses++;
        if (answer === null && still) drop([key]);
        done(answer !== null && still ? { ...answer, ageMs } : null);
      });
    },
    put(answer, nowMs) {
      const { key, text, tags } = answer;
      hold(key, answerBytes(key, text, tags), tags, nowMs);
      if (held.has(key)) store.put(answer);
    },
    invalidate(tags) {
      if (!indexed) for (const tag of tags) early.add(tag);
      const wanted = new Set(tags);
      drop([...held].filter(([, h]) => h.tags.some((tag) => wanted.has(tag))).map(([key]) => key));
    },
  };
}
