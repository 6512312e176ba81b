/**
 * Cache policies once more, as plainly as their papers and libCacheSim state them: lists that are searched from one end to
 * the other. Slow, and written apart from the policies that they judge. Keys weigh what `weightOf` says.
 */
export interface CacheModel {
  /** Asks for a key and takes it in when it is missing. Returns whether it was there. */
  access(key: number): boolean;
  readonly keys: readonly number[];
}

type WeightOf = (key: number) => number;

interface Held {
  readonly key: number;
  uses: number;
}

const sum = (list: readonly { readonly key: number }[], weightOf: WeightOf): number =>
  list.reduce((total, { key }) => total + weightOf(key), 0);

/** Oldest first; a use changes nothing, or makes the key the newest. */
function listModel(capacity: number, weightOf: WeightOf, promotes: boolean): CacheModel {
  let list: { readonly key: number }[] = [];
  return {
    access(key) {
      const at = list.findIndex((h) => h.key === key);
      if (at >= 0) {
        if (promotes) list.push(...list.splice(at, 1));
        return true;
      }
      if (weightOf(key) > capacity) return false;
      while (sum(list, weightOf) + weightOf(key) > capacity) list = list.slice(1);
      list.push({ key });
      return false;
    },
    get keys() {
      return list.map((h) => h.key);
    },
  };
}

export const fifoModel = (capacity: number, weightOf: WeightOf = () => 1): CacheModel =>
  listModel(capacity, weightOf, false);
export const lruModel = (capacity: number, weightOf: WeightOf = () => 1): CacheModel =>
  listModel(capacity, weightOf, true);

export function sieveModel(capacity: number, weightOf: WeightOf = () => 1): CacheModel {
  /** Oldest first. */
  const list: Held[] = [];
  /** Where the hand stands; at the oldest when it has passed the newest. */
  let hand = 0;
  return {
    access(key) {
      const held = list.find((h) => h.key === key);
      if (held) {
        held.uses = 1;
        return true;
      }
      if (weightOf(key) > capacity) return false;
      while (sum(list, weightOf) + weightOf(key) > capacity) {
        if (hand >= list.length) hand = 0;
        while (list[hand]!.uses > 0) {
          list[hand]!.uses = 0;
          hand = (hand + 1) % list.length;
        }
        list.splice(hand, 1);
        // A hand that took the newest starts again at the oldest, whoever comes meanwhile.
        if (hand === list.length) hand = 0;
      }
      list.push({ key, uses: 0 });
      return false;
    },
    get keys() {
      return list.map((h) => h.key);
    },
  };
}

export function s3FifoModel(capacity: number, weightOf: WeightOf = () => 1): CacheModel {
  const smallMax = Math.floor(capacity / 10);
  const ghostMax = Math.floor(capacity * 0.9);
  let small: Held[] = [];
  let main: Held[] = [];
  let ghost: { readonly key: number }[] = [];
  let evictedBefore = false;
  const weight = (list: readonly { readonly key: number }[]): number => sum(list, weightOf);

  function evictOne(): void {
    evictedBefore = true;
    if (weight(main) > capacity - smallMax || small.length === 0) {
      for (;;) {
        const [oldest, ...rest] = main as [Held, ...Held[]];
        main = rest;
        if (oldest.uses === 0) return;
        main.push({ key: oldest.key, uses: Math.min(oldest.uses, 3) - 1 });
      }
    }
    while (small.length > 0) {
      const [oldest, ...rest] = small as [Held, ...Held[]];
      small = rest;
      if (oldest.uses < 2) {
        if (weightOf(oldest.key) > ghostMax) return;
        ghost.push(oldest);
        while (weight(ghost) > ghostMax) ghost = ghost.slice(1);
        return;
      }
      main.push({ key: oldest.key, uses: 0 });
    }
  }

  return {
    access(key) {
      const held = small.find((h) => h.key === key) ?? main.find((h) => h.key === key);
      if (held) {
        held.uses++;
        return true;
      }
      const wasGhost = ghost.some((h) => h.key === key);
      ghost = ghost.filter((h) => h.key !== key);
      const own = weightOf(key);
      if (own > smallMax) return false;
      while (weight(small) + weight(main) + own > capacity) evictOne();
      if (wasGhost) main.push({ key, uses: 0 });
      else if (own < smallMax) {
        const full = !evictedBefore && weight(small) >= smallMax;
        (full ? main : small).push({ key, uses: 0 });
      }
      return false;
    },
    get keys() {
      return [...small, ...main].map((h) => h.key);
    },
  };
}

/**
 * Hits that Belady's rule gets (evict what is asked for again the latest): more, no policy can. A missing key is always
 * taken in and may be the one that goes at once.
 * @param trace keys in the order of asking, each of weight 1
 */
export function beladyHits(trace: ArrayLike<number>, capacity: number): number {
  const n = trace.length;
  const nextUse = new Float64Array(n);
  const later = new Map<number, number>();
  for (let i = n - 1; i >= 0; i--) {
    nextUse[i] = later.get(trace[i]!) ?? n + i;
    later.set(trace[i]!, i);
  }
  // A heap of (next use, key), the latest on top; outdated pairs are passed over when they come up.
  const uses: number[] = [];
  const keys: number[] = [];
  const swap = (a: number, b: number): void => {
    [uses[a], uses[b]] = [uses[b]!, uses[a]!];
    [keys[a], keys[b]] = [keys[b]!, keys[a]!];
  };
  const push = (use: number, key: number): void => {
    let i = uses.push(use) - 1;
    keys.push(key);
    for (let up = (i - 1) >> 1; i > 0 && uses[up]! < uses[i]!; i = up, up = (i - 1) >> 1) swap(i, up);
  };
  const pop = (): readonly [number, number] => {
    swap(0, uses.length - 1);
    const top = [uses.pop()!, keys.pop()!] as const;
    for (let i = 0; ;) {
      let largest = i;
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < uses.length && uses[child]! > uses[largest]!) largest = child;
      if (largest === i) return top;
      swap(i, largest);
      i = largest;
    }
  };
  const resident = new Map<number, number>();
  let hits = 0;
  for (let i = 0; i < n; i++) {
    const key = trace[i]!;
    if (resident.has(key)) hits++;
    resident.set(key, nextUse[i]!);
    push(nextUse[i]!, key);
    while (resident.size > capacity) {
      const [use, victim] = pop();
      if (resident.get(victim) === use) resident.delete(victim);
    }
  }
  return hits;
}
