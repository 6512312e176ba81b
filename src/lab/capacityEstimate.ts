import { meanLength } from './capacityLoad.ts';
import { endpointOf, type CapacityPlan } from './capacityPlan.ts';
import { CONCURRENCY, NO_CONCURRENCY_LIMIT, type EnforcedLimit } from '../provider/limits.ts';

/** What simple division says: no queue, no burst, no retry. Where to begin a search, and what to compare its end with. */
export interface CapacityEstimate {
  /** From request to answer with no limit in the way, on average. */
  readonly callMs: number;
  readonly callsPerMinPerAgent: number;
  /** Agents that each limit bears on average, the fewest first. */
  readonly limits: readonly { readonly name: string; readonly agents: number }[];
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** What one call takes of a limit, on average. */
function takenBy(limit: EnforcedLimit, plan: CapacityPlan, prompt: number, output: number): number {
  const fresh =
    limit.cachedFree && endpointOf(plan).profile.promptCache?.automatic === true
      ? prompt - plan.prompt.shared
      : prompt;
  switch (limit.unit) {
    case 'requests':
      return 1;
    case 'inputTokens':
      return fresh;
    case 'outputTokens':
      return output;
    case 'totalTokens':
      return limit.counted === 'larger' ? Math.max(plan.maxTokens, fresh) : fresh + output;
  }
}

export function estimateCapacity(plan: CapacityPlan): CapacityEstimate {
  const { profile, enforced, promptMax } = endpointOf(plan);
  const { examples } = plan.prompt;
  const prompt = Math.min(promptMax, examples.length > 0 ? mean(examples) : meanLength(plan.prompt));
  const output = Math.min(plan.maxTokens, meanLength(plan.output));
  const callMs =
    profile.firstToken.medianMs +
    prompt * profile.perPromptTokenMs +
    (output * 1_000) / profile.speed.tokensPerS +
    2 * plan.network.ms +
    plan.network.jitterMs;
  const tasksPerMin =
    plan.arrivals === 'closed'
      ? 60_000 / (plan.thinkS * 1_000 + plan.callsPerTask * callMs)
      : plan.tasksPerHour / 60;
  const callsPerMin = tasksPerMin * plan.callsPerTask * plan.fanOut;
  const limits = enforced.limits.map((limit) => ({
    name: limit.name,
    agents: (limit.amount * 60_000) / limit.perMs / (callsPerMin * takenBy(limit, plan, prompt, output)),
  }));
  if (enforced.concurrency !== NO_CONCURRENCY_LIMIT)
    limits.push({ name: CONCURRENCY, agents: enforced.concurrency / ((callsPerMin * callMs) / 60_000) });
  return {
    callMs,
    callsPerMinPerAgent: callsPerMin,
    limits: limits.sort((a, b) => a.agents - b.agents),
  };
}
