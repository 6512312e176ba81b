import { power } from '../kernel/maths.ts';
import type { MemoryOptions } from './options.ts';

/** Where a memory is. */
export type Zone = 'rush' | 'growth' | 'core';

/** A memory went from one zone to another, or into an earlier one that says the same. */
export type RingMove =
  | readonly [seq: number, to: Zone]
  /** `into` stands for it from now on: its uses are counted there, its own text is given up. */
  | readonly [seq: number, to: 'merged', into: number];

/** What decides a memory's place. */
export interface Vigour {
  /** 0 to 1, as told when it was remembered. */
  readonly importance: number;
  /** Recalls, each halved with every half-life that has passed since, as of `atMs`. */
  readonly strength: number;
  readonly atMs: number;
}

/** The rings' part of memory's options. */
export type RingPolicy = Pick<
  MemoryOptions,
  | ('rushShare' | 'growthShare' | 'coreShare')
  | ('rushRate' | 'growthRate' | 'coreRate' | 'consolidationRate')
  | ('coreRecalls' | 'halfLifeMs' | 'rushBytesPerAgent')
>;

/** What is left of a unit after `elapsedMs`: exponential forgetting, halved every half-life; time that steps back stands still. */
export const decay = (elapsedMs: number, halfLifeMs: number): number =>
  power(2, -Math.max(0, elapsedMs) / halfLifeMs);

/** Recalls that still count at `nowMs`, importance counting as up to `coreRecalls` of them for ever. */
export function vigourAt({ importance, strength, atMs }: Vigour, nowMs: number, policy: RingPolicy): number {
  return strength * decay(nowMs - atMs, policy.halfLifeMs) + importance * policy.coreRecalls;
}

/** Recalls minutes apart have decayed a little by the time they are counted: half a recall is forgiven. */
export const promotes = (vigour: number, policy: RingPolicy): boolean => vigour > policy.coreRecalls - 0.5;
/** Well below what promotes, so that a memory at the bar does not go to and fro. */
export const demotes = (vigour: number, policy: RingPolicy): boolean => vigour < policy.coreRecalls / 2;
