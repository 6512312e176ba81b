import type { Env } from '../kernel/env.ts';
import type { DeskLease, DeskPort, DeskReply, DeskRequest } from './port.ts';

interface Held {
  readonly lease: DeskLease;
  used: number;
}

/** A lease is not spent in its last moments: the request would leave after its end. */
const GUARD_MS = 10;

/**
 * The desk as a node sees it through its lease: while there is one, a request that fits it goes without a round trip, and
 * the desk is told. What is left is returned when the lease ends. Requests that may be answered from the cache, hedges and
 * retries always ask.
 */
export function createLeasedDesk(env: Env, desk: DeskPort): DeskPort {
  let held: Held | null = null;

  function giveBack(): void {
    if (held === null) return;
    desk.note({ type: 'lease-returned', lease: held.lease.lease });
    held = null;
  }

  function take(lease: DeskLease): void {
    giveBack();
    const fresh: Held = { lease, used: 0 };
    held = fresh;
    env.setTimer(Math.max(0, lease.expiresAtMs - env.now()), () => {
      if (held === fresh) giveBack();
    });
  }

  function spend(request: DeskRequest): DeskReply | null {
    if (held === null || request.cacheKey !== undefined || request.hedge === true) return null;
    if (request.avoid !== undefined || (request.nested ?? 0) > 0) return null;
    const { lease } = held;
    if (env.now() > lease.expiresAtMs - GUARD_MS) return null;
    if (request.inputTokens > lease.inputTokens || request.maxOutputTokens > lease.outputTokens) return null;
    const permit = lease.firstPermit + held.used++ * lease.step;
    desk.note({ type: 'lease-used', lease: lease.lease, permit, request });
    if (held.used === lease.places) giveBack();
    const { endpoint } = lease;
    return { type: 'go', permit, queuedMs: 0, goAtMs: env.now(), endpoint, hedgeAfterMs: Infinity };
  }

  return {
    acquire(request, done) {
      const own = spend(request);
      if (own !== null) {
        env.defer(() => done(own));
        return;
      }
      desk.acquire(request, (reply) => {
        if (reply.type === 'go' && reply.lease !== undefined) take(reply.lease);
        done(reply);
      });
    },
    settle: (settlement) => desk.settle(settlement),
    note: (note) => desk.note(note),
    watch: (since, done) => desk.watch(since, done),
  };
}
