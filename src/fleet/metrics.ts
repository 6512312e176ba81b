import type { Gate } from '../agents/gate.ts';
import { expose } from '../metrics/exposition.ts';
import { createRegistry } from '../metrics/registry.ts';
import { busMetrics } from './busMetrics.ts';
import type { RingAccounts } from './ringAccounts.ts';
import type { GroveSnapshot } from './views.ts';

/** Every metric of a grove as Prometheus text exposition 0.0.4. */
export function groveMetrics(s: GroveSnapshot, gate: Gate, rings: RingAccounts): string {
  const registry = createRegistry();
  const counter = (name: string, help: string, value: number, labels?: Record<string, string>): void =>
    registry.counter(`treering_${name}`, help, labels).inc(value);
  const gauge = (name: string, help: string, value: number, labels?: Record<string, string>): void =>
    registry.gauge(`treering_${name}`, help, labels).set(value);
  const { delivery, rateLimit, crash, concurrency } = s.vitalSigns;

  registry
    .histogram('treering_response_ms', 'From the intended send time to the answer, ms.', 0.1)
    .merge(gate.responses);
  registry.histogram('treering_rush_access_ms', 'One access to rush memory, ms.', 0.001).merge(rings.rush);
  counter('questions_total', 'Questions that arrived.', gate.total.asked);
  counter('answers_total', 'Questions that were answered.', gate.total.answered);
  counter('failures_total', 'Questions without an answer.', gate.total.failed);
  gauge('agents', 'Agents up.', concurrency.agents);
  gauge('nodes', 'Workers up.', concurrency.nodes);
  gauge('memories', 'Memories held in rush memory.', s.progress.memories);
  const { metric, dataset, value, queries } = s.vitalSigns.memory;
  const of = { metric, dataset };
  gauge('memory_accuracy_ratio', 'Memory accuracy, from 0 to 1, by what was measured on what.', value, of);
  gauge('memory_accuracy_queries', 'Judged answers behind the memory accuracy.', queries, of);
  const messages = 'Messages on the bus, by what the ledger says became of them.';
  for (const fate of [
    'sent',
    'delivered',
    'deadLettered',
    'lost',
    'duplicated',
    'misordered',
    'corrupted',
  ] as const)
    counter('messages_total', messages, delivery[fate], { fate });
  gauge('messages_in_flight', 'Messages sent and not yet delivered.', delivery.inFlight);
  busMetrics(s.bus, counter, gauge);
  const errands = 'Errands, by what became of them.';
  for (const fate of ['put', 'home', 'twice'] as const)
    counter('errands_total', errands, s.errands[fate], { fate });
  gauge('errands_away', 'Errands that are to come home.', s.errands.away);
  counter('http_429_total', 'Refusals by the rate limit, where they were seen.', rateLimit.wire429, {
    seen: 'wire',
  });
  counter('http_429_total', 'Refusals by the rate limit, where they were seen.', rateLimit.agent429, {
    seen: 'agent',
  });
  for (const limit of s.provider.limits)
    gauge('limit_use_ratio', 'Use of each provider limit over the last minute.', limit.used / limit.limit, {
      limit: limit.name,
    });
  const { provider } = s;
  gauge('quota_waiting', 'Requests waiting for the quota.', provider.queued);
  gauge('provider_in_flight', 'Requests that are, or may be, under way at the provider.', provider.inFlight);
  const waits = 'Waits for the quota of requests that went, ms, by quantile.';
  gauge('quota_wait_ms', waits, provider.waitMs.p50, { quantile: '0.5' });
  gauge('quota_wait_ms', waits, provider.waitMs.p99, { quantile: '0.99' });
  const { firstTokenMs, tokenGapMs } = provider;
  if (firstTokenMs.samples > 0) {
    const first = 'Of streamed answers, from sending to the first token, ms, by quantile.';
    gauge('first_token_ms', first, firstTokenMs.p50, { quantile: '0.5' });
    gauge('first_token_ms', first, firstTokenMs.p99, { quantile: '0.99' });
    const between = 'Of streamed answers, mean time between two tokens, ms, by quantile.';
    gauge('token_gap_ms', between, tokenGapMs.p50, { quantile: '0.5' });
    gauge('token_gap_ms', between, tokenGapMs.p99, { quantile: '0.99' });
  }
  counter('shed_total', 'Requests not sent since they could not have made their deadline.', provider.shed);
  counter('hedges_total', 'Second requests for late answers.', provider.hedges);
  counter(
    'nested_retries_total',
    'Requests asked again from outside after they failed.',
    provider.nested.requests,
  );
  counter('cache_requests_total', 'Lookups in the response cache.', s.provider.cacheHits, { result: 'hit' });
  counter('cache_requests_total', 'Lookups in the response cache.', s.provider.cacheMisses, {
    result: 'miss',
  });
  const { cache } = provider;
  for (const [layer, hits] of Object.entries(cache.by))
    counter('cache_hits_total', 'Answers out of the response cache, by where they were.', hits, { layer });
  if (cache.like !== null) {
    counter('cache_like_hits_total', 'Like questions found, checked ones included.', cache.like.hits);
    counter('cache_like_guarded_total', 'Questions alike and held apart by the guard.', cache.like.guarded);
    counter('cache_like_checked_total', 'Hits that were fetched all the same.', cache.like.checked);
    counter('cache_like_false_total', 'Checked hits whose real answer was another.', cache.like.falseHits);
  }
  counter('cache_stale_total', 'Answers given while they were fetched anew.', cache.stale);
  counter('cache_negative_total', 'Refusals given without asking again.', cache.negative);
  counter('cache_evicted_total', 'Answers that made room for others.', cache.evicted);
  counter('cache_invalidated_total', 'Answers dropped because what they rest on changed.', cache.invalidated);
  counter('crash_writes_acked_total', 'Memories acknowledged by crash memory.', crash.ackedWrites);
  counter('crash_writes_lost_total', 'Acknowledged memories that were missing after a recovery.', crash.lost);
  counter('kills_total', 'Nodes killed by faults.', s.kills);
  counter('recoveries_total', 'Nodes that came back.', s.recoveries.length);
  rings.register(registry);
  return expose(registry.state());
}
