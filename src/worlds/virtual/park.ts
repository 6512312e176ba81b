import type { VirtualRun } from './virtualRun.ts';

/** How far behind the shown world the one for the way back is wanted, and how far it may fall behind. */
const BEHIND_SHARE = 0.1;
const BEHIND_MS = 1_000;
const FALLEN_SHARE = 0.5;

/** Worlds of one run that stand at other moments: where a jump may start, for a world cannot go back. */
export interface Park {
  readonly size: number;
  placesMs(): readonly number[];
  /** The latest that is not past that moment; null when none is. */
  nearest(atMs: number): VirtualRun | null;
  /** Keeps `world` too; beyond `room` the one is let go whose loss costs the shortest way. */
  add(world: VirtualRun, room: number): void;
  remove(world: VirtualRun): void;
  /** From then on another script holds: who is past that moment has gone another way. */
  dropAfter(atMs: number): void;
  /** Where one more world would shorten the way back from that moment; null where one stands near enough. */
  wanted(atMs: number): number | null;
  clear(): void;
}

export function createPark(): Park {
  let worlds: VirtualRun[] = [];
  const byTime = (): void => void worlds.sort((a, b) => a.nowMs - b.nowMs);
  return {
    get size() {
      return worlds.length;
    },
    placesMs: () => worlds.map((w) => w.nowMs),
    nearest(atMs) {
      byTime();
      return worlds.findLast((w) => w.nowMs <= atMs) ?? null;
    },
    add(world, room) {
      if (!worlds.includes(world)) worlds.push(world);
      byTime();
      while (worlds.length > room) {
        const gaps = worlds.map((w, i) => w.nowMs - (worlds[i - 1]?.nowMs ?? 0));
        worlds.splice(gaps.indexOf(Math.min(...gaps)), 1);
      }
    },
    remove(world) {
      worlds = worlds.filter((w) => w !== world);
    },
    dropAfter(atMs) {
      worlds = worlds.filter((w) => w.nowMs <= atMs);
    },
    wanted(atMs) {
      const goalMs = atMs - Math.max(BEHIND_MS, atMs * BEHIND_SHARE);
      if (goalMs <= BEHIND_MS) return null;
      const behind = this.nearest(atMs - 1);
      return behind && behind.nowMs >= atMs * FALLEN_SHARE ? null : goalMs;
    },
    clear() {
      worlds = [];
    },
  };
}
