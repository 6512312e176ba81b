import { exp } from '../kernel/maths.ts';
import { LEASE_MS } from './quotaPlan.ts';

/** A lease of more than one request only, and of no more than this. */
const PLACES_MAX = 16;
/** A node's rate is known after this long. */
const MEMORY_MS = 2_000;

interface Rate {
  perMs: number;
  atMs: number;
  inputTokens: number;
  outputTokens: number;
}

/** How often each node asks, and so how many requests a lease for it should have. */
export class LeaseSizer {
  private readonly rates = new Map<number, Rate>();

  /** A node asks; how many more it is likely to ask for within a lease, and the most tokens that it asked for. */
  ask(
    holder: number,
    inputTokens: number,
    outputTokens: number,
    nowMs: number,
  ): { readonly places: number; readonly inputTokens: number; readonly outputTokens: number } {
    const rate = this.rates.get(holder) ?? { perMs: 0, atMs: nowMs, inputTokens: 0, outputTokens: 0 };
    const fade = exp(-(nowMs - rate.atMs) / MEMORY_MS);
    rate.perMs = rate.perMs * fade + 1 / MEMORY_MS;
    rate.atMs = nowMs;
    rate.inputTokens = Math.max(inputTokens, rate.inputTokens * fade);
    rate.outputTokens = Math.max(outputTokens, rate.outputTokens * fade);
    this.rates.set(holder, rate);
    const places = Math.min(PLACES_MAX, Math.floor(rate.perMs * LEASE_MS));
    return {
      places: places >= 2 ? places : 0,
      inputTokens: Math.ceil(rate.inputTokens),
      outputTokens: Math.ceil(rate.outputTokens),
    };
  }

  forget(holder: number): void {
    this.rates.delete(holder);
  }
}
