import type { Rng } from '../../src/kernel/rng.ts';
import { pickTarget, Track } from '../../src/provider/balancer.ts';
import { SERVICE_MS } from './serverFarm.ts';
import type { EventLoop } from './eventLoop.ts';
import type { Chooser, Server } from './serverFarm.ts';

const silent = { sent: () => undefined, ended: () => undefined };

/** Knows each server's speed and all that is queued there, to the millisecond, and takes the one that would end a mean request first. */
export const oracle = (servers: readonly Server[], _rng: Rng, loop: EventLoop): Chooser => ({
  ...silent,
  pick() {
    let best = 0;
    let least = Infinity;
    for (const [i, s] of servers.entries()) {
      const endMs = s.freeAtMs() - loop.now + SERVICE_MS / s.speed;
      if (endMs < least) {
        least = endMs;
        best = i;
      }
    }
    return best;
  },
});

export const random = (servers: readonly Server[], rng: Rng): Chooser => ({
  ...silent,
  pick: () => rng.int(servers.length),
});

export const roundRobin = (servers: readonly Server[]): Chooser => {
  let next = 0;
  return { ...silent, pick: () => next++ % servers.length };
};

/** Fewest requests under way, ties by turns. */
export const leastInFlight = (servers: readonly Server[]): Chooser => {
  let next = 0;
  return {
    ...silent,
    pick() {
      next = (next + 1) % servers.length;
      let best = next;
      for (let i = 0; i < servers.length; i++) {
        const at = (next + i) % servers.length;
        if (servers[at]!.inFlight < servers[best]!.inFlight) best = at;
      }
      return best;
    },
  };
};

/** The better of two at random by requests under way. */
export const twoChoices = (servers: readonly Server[], rng: Rng): Chooser => ({
  ...silent,
  pick() {
    const a = rng.int(servers.length);
    const b = rng.int(servers.length);
    return servers[a]!.inFlight <= servers[b]!.inFlight ? a : b;
  },
});

/** The product's own. */
export const balancer = (servers: readonly Server[], rng: Rng): Chooser => {
  const tracks = servers.map(() => new Track(SERVICE_MS));
  return {
    pick: () => pickTarget(tracks, () => true, rng),
    sent: (server) => tracks[server]!.start(),
    ended: (server, tookMs) => tracks[server]!.end(tookMs),
  };
};
