import {
  array,
  describeIssue,
  integer,
  number,
  object,
  oneOf,
  optional,
  string,
  withDefault,
  type Infer,
  type SchemaIssue,
} from '../kernel/schema.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { enforcedLimits, type EnforcedLimits } from '../provider/limits.ts';
import { PROFILE_NAMES, providerOptions, type ProviderOptions } from '../provider/options.ts';
import { profileOf, type Profile } from '../provider/profile.ts';

/** Tokens, as a log-normal distribution: half of them are below the median, one in twenty is above p95. */
const lengths = {
  median: withDefault(integer(1, 1_000_000), 1_000),
  p95: withDefault(integer(1, 1_000_000), 4_000),
} as const;

/**
 * How calls reach the endpoint. `desk`: the API manager of the grove (quota, fair queue, shedding). `retries`: each goes at
 * once, and what is refused is tried again as the vendors' packages do. `fixed`: the same behind a number of places.
 */
export const POLICIES = ['desk', 'retries', 'fixed'] as const;
export type PolicyType = (typeof POLICIES)[number];

const price = number(0, 100_000);

/** Everything that defines a capacity study. */
export const capacityPlanSchema = object({
  seed: withDefault(string(1, 100), 'desk'),
  profile: withDefault(oneOf(...PROFILE_NAMES), 'anthropic-1000'),
  /** In the place of the profile's, a minute; 0 keeps the profile's. */
  limits: withDefault(
    object({
      requests: withDefault(integer(0, 10_000_000), 0),
      inputTokens: withDefault(integer(0, 1_000_000_000), 0),
      outputTokens: withDefault(integer(0, 1_000_000_000), 0),
      totalTokens: withDefault(integer(0, 1_000_000_000), 0),
      concurrency: withDefault(integer(0, 100_000), 0),
      enforcement: withDefault(oneOf('profile', 'bucket', 'sliding', 'fixed'), 'profile'),
    }),
    { requests: 0, inputTokens: 0, outputTokens: 0, totalTokens: 0, concurrency: 0, enforcement: 'profile' },
  ),
  /** One-way delay, of which up to `jitterMs` more, uniformly. */
  network: withDefault(
    object({ ms: withDefault(number(0, 10_000), 20), jitterMs: withDefault(number(0, 10_000), 20) }),
    { ms: 20, jitterMs: 20 },
  ),
  /** Whether the endpoint also fails by itself, as the profile has it: overloads, errors, stalls. */
  troubles: withDefault(oneOf('profile', 'none'), 'profile'),
  agents: withDefault(integer(1, 100_000), 100),
  /** The agents begin one after the other within this time: a cold start is what limits on acceleration are for. */
  rampS: withDefault(number(0, 3_600), 60),
  /**
   * `open`: tasks come as a Poisson process whatever became of the last; `even`: the same number at even gaps; `closed`: an
   * agent thinks, does a task, thinks again.
   */
  arrivals: withDefault(oneOf('open', 'even', 'closed'), 'open'),
  /** Of one agent, on average; for `open` and `even`. */
  tasksPerHour: withDefault(number(0.01, 100_000), 60),
  /** On average, exponentially distributed; for `closed`. */
  thinkS: withDefault(number(0, 86_400), 30),
  /** Calls of a task, one after the other, */
  callsPerTask: withDefault(integer(1, 100), 3),
  /** and so many side by side in the place of each. */
  fanOut: withDefault(integer(1, 100), 1),
  prompt: withDefault(
    object({
      ...lengths,
      /** Tokens of examples; when there are any, prompts are as long as one of these. */
      examples: withDefault(array(integer(1, 1_000_000), 0, 50), []),
      /** Of these tokens, so many are the same at the beginning of every prompt. */
      shared: withDefault(integer(0, 1_000_000), 0),
    }),
    { median: 1_000, p95: 4_000, examples: [], shared: 0 },
  ),
  output: withDefault(
    object({ median: withDefault(lengths.median, 150), p95: withDefault(lengths.p95, 450) }),
    {
      median: 150,
      p95: 450,
    },
  ),
  /** The most that a call allows its answer. */
  maxTokens: withDefault(integer(1, 100_000), 1_024),
  /** 99 of 100 tasks, and 99 of 100 calls, shall be done within this from the moment they were due. */
  slo: withDefault(
    object({
      taskMs: withDefault(integer(50, 86_400_000), 30_000),
      callMs: withDefault(integer(50, 3_600_000), 12_000),
    }),
    { taskMs: 30_000, callMs: 12_000 },
  ),
  /** A call without an answer by then has failed, and its task with it. */
  deadlineMs: withDefault(integer(100, 3_600_000), 30_000),
  durationS: withDefault(integer(60, 86_400), 3_600),
  policies: withDefault(array(oneOf(...POLICIES), 1, 3), [...POLICIES]),
  /** Whether to search how many agents each policy bears. */
  knee: withDefault(oneOf('all', 'first', 'none'), 'all'),
  /** Of the policies `retries` and `fixed`: tries after the first. */
  retriesMax: withDefault(integer(0, 20), 2),
  /** Of the policy `fixed`: calls under way at a time, over all agents; 0: the number that does best is searched. */
  places: withDefault(integer(0, 100_000), 0),
  /** Dollars for a million tokens, in the place of the profile's. */
  prices: optional(object({ input: price, cachedInput: price, cacheWrite: price, output: price })),
});
export type CapacityPlan = Infer<typeof capacityPlanSchema>;
/** What is wrong with a plan: path, rule and value. */
export type PlanIssue = SchemaIssue;

/** More calls than this would take minutes to simulate. */
const CALLS_MAX = 3_000_000;
/** Roles and separators of a prompt. */
const PROMPT_ROOM = 64;

/** The limits and latencies that a plan's endpoint has. */
export interface PlannedEndpoint {
  readonly options: ProviderOptions;
  readonly profile: Profile;
  readonly enforced: EnforcedLimits;
  /** The longest prompt. */
  readonly promptMax: number;
}

/** The endpoint that a plan asks for: the profile with what the plan puts in the place of its figures. */
export function endpointOf(plan: CapacityPlan): PlannedEndpoint {
  const { limits, network } = plan;
  const parsed = providerOptions.parse({
    profile: plan.profile,
    requestsPerMin: limits.requests,
    inputTokensPerMin: limits.inputTokens,
    outputTokensPerMin: limits.outputTokens,
    totalTokensPerMin: limits.totalTokens,
    concurrency: limits.concurrency,
    enforcement: limits.enforcement,
    networkMs: network.ms,
    networkJitterMs: network.jitterMs,
  });
  if (!parsed.ok) throw new RangeError(parsed.error.map(describeIssue).join('; '));
  const base = profileOf(plan.profile);
  const options: ProviderOptions = { ...parsed.value, maxOutputTokens: plan.maxTokens };
  const none = { overloadsPerHour: 0, failing: 0, streamError: 0, stall: 0, cut: 0 };
  const profile: Profile = {
    ...base,
    pricesPerMTok: plan.prices ?? base.pricesPerMTok,
    faults: plan.troubles === 'none' ? { ...base.faults, ...none } : base.faults,
  };
  return {
    options,
    profile,
    enforced: enforcedLimits(options),
    promptMax: base.contextTokens - plan.maxTokens - PROMPT_ROOM,
  };
}

/** Calls that a plan makes at most, about. */
export function callsOf(plan: CapacityPlan, agents = plan.agents, durationS = plan.durationS): number {
  const perTask = plan.callsPerTask * plan.fanOut;
  const tasks =
    plan.arrivals === 'closed'
      ? durationS / Math.max(0.5, plan.thinkS + plan.callsPerTask * 0.5)
      : (durationS * plan.tasksPerHour) / 3_600;
  return agents * tasks * perTask;
}

/** What no rule of a single key can say. */
function issuesOf(plan: CapacityPlan): SchemaIssue[] {
  const issues: SchemaIssue[] = [];
  const issue = (path: string, rule: string, value: number): void =>
    void issues.push({ path, rule, value: String(value) });
  const { profile, prompt, output, slo } = { ...plan, profile: profileOf(plan.profile) };
  for (const [path, { median, p95 }] of [
    ['prompt', prompt],
    ['output', output],
  ] as const)
    if (p95 < median) issue(`${path}.p95`, `must not be below the median, ${median}`, p95);
  if (plan.maxTokens > profile.maxOutputTokens)
    issue(
      'maxTokens',
      `must be at most ${profile.maxOutputTokens}, the profile's longest answer`,
      plan.maxTokens,
    );
  else {
    const most = profile.contextTokens - plan.maxTokens - PROMPT_ROOM;
    const rule = `must be at most ${most}: prompt and answer share the model's ${profile.contextTokens} tokens`;
    if (prompt.median > most) issue('prompt.median', rule, prompt.median);
    for (const [i, tokens] of prompt.examples.entries())
      if (tokens > most) issue(`prompt.examples[${i}]`, rule, tokens);
  }
  const typical = prompt.examples.length > 0 ? Math.min(...prompt.examples) : prompt.median;
  if (prompt.shared > typical)
    issue('prompt.shared', `must not be above the prompt's own length, ${typical}`, prompt.shared);
  if (plan.deadlineMs < slo.callMs)
    issue('deadlineMs', `must not be below the bar of a call, ${slo.callMs}`, plan.deadlineMs);
  if (new Set(plan.policies).size < plan.policies.length)
    issues.push({ path: 'policies', rule: 'must not name one twice', value: JSON.stringify(plan.policies) });
  if (plan.rampS > plan.durationS / 2)
    issue('rampS', `must be at most half of the time simulated, ${plan.durationS / 2}`, plan.rampS);
  const calls = Math.round(callsOf(plan));
  if (calls > CALLS_MAX)
    issue('agents', `with these tasks must make at most ${CALLS_MAX} calls in the time simulated`, calls);
  return issues;
}

/** A plan from anything, with every issue: path, rule and value. */
export function checkCapacityPlan(value: unknown): Result<CapacityPlan, readonly SchemaIssue[]> {
  const parsed = capacityPlanSchema.parse(value);
  if (!parsed.ok) return parsed;
  const issues = issuesOf(parsed.value);
  return issues.length > 0 ? err(issues) : ok(parsed.value);
}

/** A plan from anything; the error is one sentence an issue. */
export function parseCapacityPlan(value: unknown): Result<CapacityPlan, readonly string[]> {
  const checked = checkCapacityPlan(value);
  return checked.ok ? checked : err(checked.error.map(describeIssue));
}
