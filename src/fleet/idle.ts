import { NOTHING_SENT } from '../bus/ledger.ts';
import { createBusAccount } from './busAccount.ts';
import type { GroveSnapshot } from './views.ts';

const NO_TIMES = { p50: 0, p99: 0, samples: 0 };

/** What a grove shows before there is one: nothing is measured yet. */
export function idleSnapshot(
  phase: GroveSnapshot['phase'],
  problem: string | null,
  wanted: { readonly agents: number; readonly workers: number },
): GroveSnapshot {
  return {
    phase,
    problem,
    atMs: 0,
    ratePerS: 0,
    corpus: { name: '', credit: '', documents: 0, own: false },
    questions: { asked: 0, answered: 0, failed: 0 },
    errands: { put: 0, home: 0, away: 0, twice: 0 },
    resumed: null,
    kills: 0,
    progress: {
      workersUp: 0,
      workersWanted: wanted.workers,
      agentsReady: 0,
      agentsWanted: wanted.agents,
      memories: 0,
    },
    startUp: { allAgentsMs: null, firstAnswerMs: null },
    vitalSigns: {
      responseTime: { p50Ms: 0, p95Ms: 0, p99Ms: 0, samples: 0 },
      concurrency: { agents: 0, nodes: 0 },
      memory: { metric: '', dataset: '', value: 0, queries: 0 },
      rateLimit: { wire429: 0, agent429: 0, bindingLimit: '', bindingUse: 0, saturated: false },
      delivery: NOTHING_SENT,
      rush: { p50Ms: 0, p999Ms: 0, samples: 0 },
      crash: { ackedWrites: 0, lost: 0 },
    },
    nodes: [],
    links: [],
    bus: createBusAccount({ windowMessages: 0, queueMessages: 0 }).view(null),
    series: [],
    provider: {
      profile: '',
      title: '',
      asOf: '',
      sources: [],
      limits: [],
      queued: 0,
      inFlight: 0,
      cacheHits: 0,
      cacheMisses: 0,
      cache: {
        by: { node: 0, region: 0, 'other region': 0, disk: 0, joined: 0, like: 0 },
        like: null,
        stale: 0,
        negative: 0,
        evicted: 0,
        invalidated: 0,
        entries: 0,
        bytes: 0,
        diskBytes: 0,
        policies: [],
      },
      shed: 0,
      hedges: 0,
      nested: { requests: 0, by: '' },
      waitMs: NO_TIMES,
      firstTokenMs: NO_TIMES,
      tokenGapMs: NO_TIMES,
    },
    story: [],
    recoveries: [],
    recovered: 0,
    interactions: [],
    crashMemory: null,
  };
}
