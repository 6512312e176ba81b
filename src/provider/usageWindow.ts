import { AXES, type Axis } from './limits.ts';
import type { Unit } from './meter.ts';

const SLOTS = 60;
const SLOT_MS = 1000;

interface Slot {
  second: number;
  readonly charged: Record<Axis, number>;
  /** Requests in flight x ms, and ms in which somebody waited. */
  inFlightMs: number;
  waitingMs: number;
}

/** What was used over the last 60 s, in slots of one second. */
export interface Usage {
  /** Length of the span that the sums cover, ms: 60 s, less at the start. */
  readonly spanMs: number;
  readonly charged: Readonly<Record<Axis, number>>;
  /** Time average. */
  readonly inFlight: number;
  /** Share of the span in which at least one request waited. */
  readonly waiting: number;
}

/** A sliding account of use. All calls take the time, which must not step back. */
export class UsageWindow {
  private readonly slots: Slot[];
  private readonly startedAtMs: number;
  private sinceMs: number;
  private inFlight = 0;
  private waiting = false;

  constructor(nowMs: number) {
    this.startedAtMs = nowMs;
    this.sinceMs = nowMs;
    this.slots = Array.from({ length: SLOTS + 1 }, () => ({
      second: -1,
      charged: { requests: 0, inputTokens: 0, outputTokens: 0 },
      inFlightMs: 0,
      waitingMs: 0,
    }));
  }

  charge(axis: Axis, amount: number, nowMs: number): void {
    this.slotOf(Math.floor(nowMs / SLOT_MS)).charged[axis] += amount;
  }

  /** The state of affairs from now on. */
  observe(inFlight: number, waiting: boolean, nowMs: number): void {
    this.integrate(nowMs);
    this.inFlight = inFlight;
    this.waiting = waiting;
  }

  /** Whole seconds that have passed, and the running one for its share. */
  read(nowMs: number): Usage {
    this.integrate(nowMs);
    const second = Math.floor(nowMs / SLOT_MS);
    const fromMs = Math.max(this.startedAtMs, (second - SLOTS) * SLOT_MS);
    const charged: Record<Axis, number> = { requests: 0, inputTokens: 0, outputTokens: 0 };
    let inFlightMs = 0;
    let waitingMs = 0;
    for (const slot of this.slots) {
      if (slot.second < second - SLOTS || slot.second > second) continue;
      for (const axis of AXES) charged[axis] += slot.charged[axis];
      inFlightMs += slot.inFlightMs;
      waitingMs += slot.waitingMs;
    }
    const spanMs = nowMs - fromMs;
    const share = (ms: number): number => (spanMs > 0 ? ms / spanMs : 0);
    return { spanMs, charged, inFlight: share(inFlightMs), waiting: share(waitingMs) };
  }

  private integrate(nowMs: number): void {
    // What lies before the window would only be overwritten.
    this.sinceMs = Math.max(this.sinceMs, nowMs - (SLOTS + 1) * SLOT_MS);
    while (this.sinceMs < nowMs) {
      const second = Math.floor(this.sinceMs / SLOT_MS);
      const untilMs = Math.min(nowMs, (second + 1) * SLOT_MS);
      const slot = this.slotOf(second);
      slot.inFlightMs += this.inFlight * (untilMs - this.sinceMs);
      if (this.waiting) slot.waitingMs += untilMs - this.sinceMs;
      this.sinceMs = untilMs;
    }
  }

  private slotOf(second: number): Slot {
    const slot = this.slots[second % this.slots.length]!;
    if (slot.second !== second) {
      slot.second = second;
      for (const axis of AXES) slot.charged[axis] = 0;
      slot.inFlightMs = 0;
      slot.waitingMs = 0;
    }
    return slot;
  }
}

/** What of it counts against a limit. */
export const usedOf = ({ unit }: { readonly unit: Unit }, charged: Usage['charged']): number =>
  unit === 'totalTokens' ? charged.inputTokens + charged.outputTokens : charged[unit];
