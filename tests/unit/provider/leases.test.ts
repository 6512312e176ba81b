import fc from 'fast-check';
import { expect, test } from 'vitest';
import { peakConcurrency, worstExcess, type EndpointEntry } from '../../harness/endpointAuditor.ts';
import { createSyncEnv } from '../../harness/syncEnv.ts';
import { createLeasedDesk } from '../../../src/provider/leasedDesk.ts';
import type { DeskLease, DeskNote, DeskPort, DeskRequest } from '../../../src/provider/port.ts';
import { stepQuota } from '../../../src/provider/quota.ts';
import type { QuotaEffect, QuotaInput } from '../../../src/provider/quotaTypes.ts';
import {
  createQuota,
  inFlightOf,
  type Lease,
  type QuotaConfig,
  type QuotaState,
} from '../../../src/provider/quotaState.ts';

const LEASE_MS = 200;
const LONGEST_MS = 2_000;
const CONFIG: QuotaConfig = {
  limits: [{ unit: 'requests', amount: 600, windowMs: 60_000, burst: 10, counted: 'admitted' }],
  concurrency: 8,
  queueMax: 50,
  jitterMs: 10 + LEASE_MS,
  lagMs: 20,
  lingerMs: 50,
  expectedMs: 500,
  longestMs: LONGEST_MS,
};

const step = fc.record({
  gapMs: fc.double({ min: 0, max: 120, noNaN: true }),
  kind: fc.constantFrom(
    'acquire',
    'lease',
    'lease',
    'spend',
    'spend',
    'spend',
    'end',
    'return',
    'die',
    'unheard',
  ),
  holder: fc.integer({ min: 1, max: 3 }),
  places: fc.integer({ min: 1, max: 4 }),
  serviceMs: fc.double({ min: 10, max: LONGEST_MS - 100, noNaN: true }),
});

/**
 * Nodes that spend their leases, return them, or die with some of it spent and nothing of it told; the endpoint's door
 * counts what really arrives. Returns the worst that concurrency and the rate were exceeded by.
 */
function play(
  steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
  forget: (quota: QuotaState) => void = () => undefined,
): { concurrency: number; requests: number } {
  const quota = createQuota(CONFIG, 0);
  const log: EndpointEntry[] = [];
  const held: { lease: Lease; used: number; silent: boolean }[] = [];
  const running: { permit: number; holder: number; endsAtMs: number }[] = [];
  const owners = new Map<number, number>();
  let now = 0;
  let nextId = 1;
  const send = (serviceMs: number): void => {
    log.push({
      arrivedAtMs: now,
      endedAtMs: now + serviceMs,
      status: 200,
      inputTokens: 1,
      reservedTokens: 1,
      outputTokens: 1,
    });
  };
  const tell = (input: QuotaInput, serviceMs: number): void => {
    const hear = (effects: readonly QuotaEffect[]): void => {
      for (const effect of effects) {
        if (effect.type === 'leased') held.push({ lease: effect.lease, used: 0, silent: false });
        if (effect.type !== 'go') continue;
        send(serviceMs);
        running.push({
          permit: effect.permit,
          holder: owners.get(effect.id)!,
          endsAtMs: now + serviceMs,
        });
      }
    };
    hear(stepQuota(quota, input, now));
    forget(quota);
  };
  for (const { gapMs, kind, holder, places, serviceMs } of steps) {
    now += gapMs;
    for (const done of running.filter((r) => r.endsAtMs <= now)) {
      running.splice(running.indexOf(done), 1);
      tell(
        {
          type: 'settle',
          permit: done.permit,
          status: 200,
          usage: { inputTokens: 1, outputTokens: 1 },
          retryAfterMs: null,
        },
        serviceMs,
      );
    }
    const mine = held.findIndex((h) => h.lease.holder === holder);
    const own = held[mine];
    if (kind === 'acquire') {
      owners.set(nextId, holder);
      tell(
        {
          type: 'acquire',
          id: nextId++,
          holder,
          flow: 'f',
          priority: 1,
          inputTokens: 1,
          outputTokens: 1,
          deadlineAtMs: now + 20_000,
        },
        serviceMs,
      );
    } else if (kind === 'lease' && own === undefined) {
      tell({ type: 'lease', holder, places, forMs: LEASE_MS, inputTokens: 1, outputTokens: 1 }, serviceMs);
    } else if ((kind === 'spend' || kind === 'unheard') && own !== undefined) {
      if (now >= own.lease.expiresAtMs || own.used >= own.lease.places) continue;
      const permit = own.lease.number + own.used++;
      send(serviceMs);
      // A node that dies before its word is out has spent it all the same; after that it says nothing any more.
      if (kind === 'unheard') own.silent = true;
      if (own.silent) continue;
      running.push({ permit, holder, endsAtMs: now + serviceMs });
      tell(
        {
          type: 'lease-used',
          lease: own.lease.number,
          permit,
          flow: 'f',
          priority: 1,
          deadlineAtMs: now + 20_000,
          inputTokens: 1,
          outputTokens: 1,
        },
        serviceMs,
      );
    } else if (kind === 'return' && own !== undefined && !own.silent) {
      held.splice(mine, 1);
      tell({ type: 'lease-returned', lease: own.lease.number, holder }, serviceMs);
    } else if (kind === 'die' || (own?.silent === true && now >= own.lease.expiresAtMs)) {
      if (mine >= 0) held.splice(mine, 1);
      for (const lost of running.filter((r) => r.holder === holder)) running.splice(running.indexOf(lost), 1);
      tell({ type: 'release-holder', holder }, serviceMs);
    } else tell({ type: 'tick' }, serviceMs);
  }
  return {
    concurrency: peakConcurrency(log) - CONFIG.concurrency,
    requests: worstExcess(
      log.map((e) => ({ atMs: e.arrivedAtMs, amount: 1 })),
      // A lease is spent up to its length after it was charged.
      { perMinute: 600, burst: 10 + (600 / 60_000) * LEASE_MS },
    ),
  };
}

test('leases never give out more than there is, whatever is spent, returned, left to expire or lost with its node', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
      const worst = play(steps);
      expect(worst.concurrency).toBeLessThanOrEqual(0);
      expect(worst.requests).toBeLessThanOrEqual(1e-6);
    }),
    { numRuns: 300 },
  );
});

test("a quota that takes a dead node's places for free at once is caught", () => {
  const caught = fc.check(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
      const forgets = (quota: QuotaState): void => {
        while (quota.lingering.size > 0) quota.lingering.pop();
      };
      return play(steps, forgets).concurrency <= 0;
    }),
    { numRuns: 2_000, seed: 5 },
  );
  expect(caught.failed).toBe(true);
});

test('a lease that is never returned comes back once its requests must have ended', () => {
  const quota = createQuota(CONFIG, 0);
  stepQuota(
    quota,
    { type: 'lease', holder: 1, places: 3, forMs: LEASE_MS, inputTokens: 1, outputTokens: 1 },
    0,
  );
  expect(inFlightOf(quota)).toBe(3);
  stepQuota(quota, { type: 'tick' }, 1_000);
  expect(inFlightOf(quota)).toBe(3);
  stepQuota(quota, { type: 'tick' }, LEASE_MS + LONGEST_MS + 200);
  expect(inFlightOf(quota)).toBe(0);
});

test('a node spends its lease without asking, tells of it, and returns the rest when it ends', () => {
  const env = createSyncEnv();
  const asked: DeskRequest[] = [];
  const notes: DeskNote[] = [];
  const lease: DeskLease = {
    lease: 40,
    firstPermit: 40,
    step: 2,
    places: 3,
    inputTokens: 100,
    outputTokens: 100,
    expiresAtMs: 200,
    endpoint: 0,
  };
  const desk: DeskPort = {
    acquire(request, done) {
      asked.push(request);
      const go = {
        type: 'go',
        permit: 1,
        queuedMs: 0,
        goAtMs: 0,
        endpoint: 0,
        hedgeAfterMs: Infinity,
      } as const;
      done(asked.length === 1 ? { ...go, lease } : go);
    },
    settle: () => undefined,
    note: (note) => void notes.push(note),
    watch: () => undefined,
  };
  const leased = createLeasedDesk(env, desk);
  const permits: number[] = [];
  const ask = (more: Partial<DeskRequest> = {}): void =>
    leased.acquire(
      { agent: 'a', inputTokens: 50, maxOutputTokens: 50, deadlineAtMs: 9_000, ...more },
      (reply) => reply.type === 'go' && permits.push(reply.permit),
    );
  ask();
  ask();
  ask({ cacheKey: 'may be known' });
  ask({ inputTokens: 101 });
  ask();
  env.flush();
  expect(asked).toHaveLength(3);
  expect([...permits].sort((a, b) => a - b)).toEqual([1, 1, 1, 40, 42]);
  expect(notes.map((n) => n.type)).toEqual(['lease-used', 'lease-used']);
  env.advance(300);
  expect(notes.at(-1)).toEqual({ type: 'lease-returned', lease: 40 });
  ask();
  env.flush();
  expect(asked).toHaveLength(4);
});
