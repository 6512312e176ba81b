import type { Env } from '../kernel/env.ts';
import { deskRequestOf } from './deskRequest.ts';
import type { DeskPort, DeskReply, DeskRequest, ModelRequest } from './port.ts';

export type Go = Extract<DeskReply, { type: 'go' }>;

/** A permit that took longer from desk to here is handed back: sent now, it would not arrive when the desk reckons. */
const STALE_PERMIT_MS = 250;
/** A node that is always this slow must get to send in the end. */
const HAND_BACKS_MAX = 3;

/** How long a permit was under way from the desk, at most: no longer than by the desk's clock, should it agree with this one, and than both ways. */
const underWayMs = (go: Go, askedAtMs: number, nowMs: number): number =>
  Math.min(nowMs - go.goAtMs, nowMs - askedAtMs - go.queuedMs);

/** Asks for the desk's permit; null when the deadline came first. */
export type AcquirePermit = (
  request: ModelRequest,
  more: Partial<DeskRequest> & Pick<DeskRequest, 'inputTokens'>,
) => Promise<DeskReply | null>;

/** The way to the desk: a permit that comes after the deadline, or was under way for too long, is handed back unused. */
export function createPermits(env: Env, desk: DeskPort): AcquirePermit {
  function handBack(permit: number): void {
    const usage = { inputTokens: 0, outputTokens: 0 };
    desk.settle({ permit, status: 0, usage, retryAfterMs: null, text: null });
  }

  function ask(
    request: ModelRequest,
    more: Parameters<AcquirePermit>[1],
    handBacks: number,
  ): Promise<DeskReply | null> {
    return new Promise((resolve) => {
      const askedAtMs = env.now();
      let late = false;
      const cancel = env.setTimer(Math.max(0, request.deadlineAtMs - askedAtMs), () => {
        late = true;
        resolve(null);
      });
      desk.acquire(deskRequestOf(request, more), (reply) => {
        cancel();
        const nowMs = env.now();
        const over = late || nowMs >= request.deadlineAtMs;
        const stale =
          reply.type === 'go' &&
          handBacks < HAND_BACKS_MAX &&
          underWayMs(reply, askedAtMs, nowMs) > STALE_PERMIT_MS;
        if (reply.type !== 'go' || !(over || stale)) return resolve(reply);
        handBack(reply.permit);
        resolve(over ? null : ask(request, more, handBacks + 1));
      });
    });
  }

  return (request, more) => ask(request, more, 0);
}
