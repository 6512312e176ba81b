/** Over the last second, in ms of wall time. */
const SPAN_MS = 1_000;

/** How fast a run goes, over the last second. */
export interface Speedometer {
  reset(): void;
  read(wallMs: number, simMs: number, events: number): void;
  reached(): { readonly timesRealTime: number; readonly eventsPerS: number } | null;
}

export function createSpeedometer(): Speedometer {
  let readings: { readonly wallMs: number; readonly simMs: number; readonly events: number }[] = [];
  return {
    reset() {
      readings = [];
    },
    read(wallMs, simMs, events) {
      readings.push({ wallMs, simMs, events });
      while (readings.length > 2 && wallMs - readings[1]!.wallMs >= SPAN_MS) readings.shift();
    },
    reached() {
      const first = readings[0];
      const last = readings.at(-1);
      if (!first || !last || last.wallMs <= first.wallMs) return null;
      const tookMs = last.wallMs - first.wallMs;
      return {
        timesRealTime: (last.simMs - first.simMs) / tookMs,
        eventsPerS: ((last.events - first.events) / tookMs) * 1_000,
      };
    },
  };
}
