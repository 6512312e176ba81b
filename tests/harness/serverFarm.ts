import { createRng, type Rng } from '../../src/kernel/rng.ts';
import { EventLoop } from './eventLoop.ts';

/** A server of the farm. `speed`: service is so many times as fast as the mean. */
export interface Server {
  readonly speed: number;
  /** Requests at it. */
  inFlight: number;
  /** When the next request would begin, after all that is there now. */
  readonly freeAtMs: () => number;
}

/** Decides where each request goes, from what a client can know: its own requests and their latencies. */
export interface Chooser {
  pick(): number;
  sent(server: number): void;
  ended(server: number, tookMs: number): void;
}

export interface FarmPlan {
  readonly seed: string;
  readonly servers: number;
  /** Arrivals as a share of what all servers together can serve. */
  readonly load: number;
  readonly requests: number;
  /** Requests that one server works on at a time. */
  readonly slots: number;
  /** Fastest over slowest. */
  readonly spread: number;
}

export interface FarmResult {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly meanMs: number;
}

/** Mean service time at a server of speed 1, ms; times are log-normal. */
export const SERVICE_MS = 150;
const SIGMA = 0.4;
const WARM_UP = 0.1;

/**
 * Servers of uneven speed, `slots` at a time, the rest waits there in order. Poisson arrivals and service demands come from
 * the seed alone, so every chooser meets the same requests at the same times.
 */
export function runFarm(
  plan: FarmPlan,
  createChooser: (servers: readonly Server[], rng: Rng, loop: EventLoop) => Chooser,
): FarmResult {
  const loop = new EventLoop();
  const rng = createRng(plan.seed);
  const arrivals = rng.fork('arrivals');
  const demands = rng.fork('demands');
  const speeds = rng.fork('speeds');
  /** When each slot of each server will be free. */
  const ends = Array.from({ length: plan.servers }, () => Array<number>(plan.slots).fill(0));
  const servers: Server[] = ends.map((slots) => ({
    speed: plan.spread ** (speeds.next() - 0.5),
    inFlight: 0,
    freeAtMs: () => Math.max(loop.now, Math.min(...slots)),
  }));
  const capacityPerMs = servers.reduce((sum, s) => sum + (s.speed * plan.slots) / SERVICE_MS, 0);
  const gapMs = 1 / (capacityPerMs * plan.load);
  const chooser = createChooser(servers, rng.fork('chooser'), loop);
  const took: number[] = [];
  const mu = Math.log(SERVICE_MS) - (SIGMA * SIGMA) / 2;

  function arrive(n: number): void {
    if (n < plan.requests) loop.in(arrivals.exponential(gapMs), () => arrive(n + 1));
    const demandMs = demands.logNormal(mu, SIGMA);
    const at = chooser.pick();
    const server = servers[at]!;
    const slots = ends[at]!;
    const sentAtMs = loop.now;
    const serviceMs = demandMs / server.speed;
    server.inFlight++;
    chooser.sent(at);
    // Slots are taken in order of arrival: the request goes to the one that is free first.
    let slot = 0;
    for (let i = 1; i < slots.length; i++) if (slots[i]! < slots[slot]!) slot = i;
    const endMs = Math.max(loop.now, slots[slot]!) + serviceMs;
    slots[slot] = endMs;
    loop.at(endMs, () => {
      server.inFlight--;
      if (n > plan.requests * WARM_UP) took.push(endMs - sentAtMs);
      chooser.ended(at, endMs - sentAtMs);
    });
  }
  arrive(0);
  loop.run(Infinity);
  took.sort((a, b) => a - b);
  const quantile = (q: number): number => took[Math.floor(took.length * q)]!;
  return {
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    meanMs: took.reduce((a, b) => a + b, 0) / took.length,
  };
}
