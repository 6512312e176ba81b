import type { Env } from '../kernel/env.ts';
import { hash32, type Rng } from '../kernel/rng.ts';
import { readCompletion } from '../provider/completion.ts';
import { plainResponse } from '../provider/plainHttp.ts';
import type { ModelRequest } from '../provider/port.ts';
import { limitOver } from '../provider/rateHeaders.ts';
import { createSimulatedProvider } from '../provider/simulated.ts';
import { EVENT } from '../worlds/virtual/eventLog.ts';
import { createVirtualProcess } from '../worlds/virtual/virtualEnv.ts';
import { createVirtualWorld, type VirtualWorld } from '../worlds/virtual/virtualWorld.ts';
import { lengthMixture, Prompts, startLoad } from './capacityLoad.ts';
import {
  CapacityMeter,
  type CapacityPoint,
  type LimitUse,
  type Percentiles,
  type RefusedFor,
} from './capacityMeter.ts';
import { endpointOf, type CapacityPlan, type PolicyType } from './capacityPlan.ts';
import {
  deskPolicy,
  fixedPolicy,
  retriesPolicy,
  type CallEnd,
  type FetchOf,
  type RunningPolicy,
} from './capacityPolicies.ts';

/** How one policy fared. Times in ms from the moment a call or a task was due. */
export interface CapacityOutcome {
  readonly policy: PolicyType;
  readonly agents: number;
  /** Of the policy `fixed`. */
  readonly places: number | null;
  /** Of simulated time in which tasks came. */
  readonly durationS: number;
  /** It was ended before that, since the bar was out of reach already. */
  readonly stopped: boolean;
  readonly calls: number;
  readonly callsInTime: number;
  readonly endedAs: Readonly<Partial<Record<CallEnd, number>>>;
  readonly tasks: number;
  readonly tasksInTime: number;
  readonly tasksFailed: number;
  readonly callMs: Percentiles;
  readonly taskMs: Percentiles;
  /** Requests that reached the endpoint, retries included, and the 429s it gave. */
  readonly requests: number;
  readonly wire429: number;
  readonly wire429By: Readonly<Partial<Record<RefusedFor, number>>>;
  readonly agent429: number;
  readonly agent429By: Readonly<Partial<Record<RefusedFor, number>>>;
  /** 5xx that the endpoint gave. */
  readonly wire5xx: number;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly usd: number;
  readonly use: readonly LimitUse[];
  readonly points: readonly CapacityPoint[];
  readonly events: number;
  /** Of all that happened: equal for equal plans, policies and builds. */
  readonly hash: string;
}

export interface Watch {
  /** @param share of the work that is done */
  readonly progress: (share: number) => void;
  /** Asked now and then; true ends it with `Cancelled`. */
  readonly cancelled: () => boolean;
}

/** The visitor wanted no more of it. */
export class Cancelled extends Error {}

/** What a run has its own way, beside the plan. */
export interface RunChoice {
  readonly agents?: number;
  readonly durationS?: number;
  readonly places?: number;
  /** Ends it as soon as the bar cannot be kept any more. */
  readonly untilBroken?: boolean;
  /** Follows promises after every event instead of after those that can resolve one: slower, and nothing else may differ. */
  readonly always?: boolean;
}

const POINTS = 120;
const SAMPLES_PER_POINT = 30;
/** One in a hundred may be late. */
export const LATE_SHARE_MAX = 0.01;

/**
 * Runs the plan's load through one policy against the simulated endpoint, in virtual time. The same plan, policy and choice
 * give the same outcome; every policy meets the same tasks with the same prompts at the same moments (in a closed loop, at
 * the moments its agents come to).
 */
export async function runCapacity(
  plan: CapacityPlan,
  policy: PolicyType,
  watch: Watch,
  choice: RunChoice = {},
): Promise<CapacityOutcome> {
  const { agents = plan.agents, durationS = plan.durationS, places = plan.places } = choice;
  const endpoint = endpointOf(plan);
  const world = createVirtualWorld({ seed: plan.seed, always: choice.always === true });
  const { clock, log } = world;
  const { env } = createVirtualProcess(world, 0, 'desk');
  const waking = wakingEnv(env, world);
  const profile = { ...endpoint.profile, outputTokens: lengthMixture(plan.output, plan.maxTokens) };
  const provider = createSimulatedProvider(env, profile, endpoint.options, undefined, plainResponse);
  const prompts = new Prompts(plan.prompt, endpoint.promptMax);
  const untilMs = durationS * 1_000;
  const stepMs = Math.max(1_000, untilMs / POINTS);
  const meter = new CapacityMeter(endpoint.enforced, plan.slo, stepMs, provider.counts());

  /** What each agent's last 429 was for. */
  const refusedFor = new Map<number, RefusedFor>();
  const fetchOf: FetchOf = (agent) => async (request) => {
    const response = await provider.fetch(wakingRequest(request, world));
    if (response.status === 429) refusedFor.set(agent, await reasonOf(response));
    return response;
  };
  const running = start();

  function start(): RunningPolicy {
    switch (policy) {
      case 'desk':
        return deskPolicy(waking, endpoint, fetchOf);
      case 'retries':
        return retriesPolicy(waking, endpoint, fetchOf, plan.retriesMax);
      case 'fixed':
        return fixedPolicy(waking, endpoint, fetchOf, plan.retriesMax, Math.max(1, places));
    }
  }

  /** @param more what a policy may make use of that knows how */
  async function call(
    agent: number,
    text: string,
    more: Pick<ModelRequest, 'priority' | 'dueAtMs'>,
  ): Promise<boolean> {
    const sinceMs = env.now();
    const end = await running.call(agent, {
      agent: `a${agent}`,
      messages: [{ role: 'user', content: text }],
      maxTokens: plan.maxTokens,
      deadlineAtMs: sinceMs + plan.deadlineMs,
      ...more,
    });
    log.add(env.now(), agent, EVENT.frame, hash32(end));
    meter.call(env.now() - sinceMs, end, refusedFor.get(agent) ?? 'requests');
    return end === 'ok';
  }

  let taskNumber = 0;
  async function task(agent: number, lengths: Rng): Promise<void> {
    const number = ++taskNumber;
    const dueAtMs = env.now();
    const drawn = Array.from({ length: plan.callsPerTask * plan.fanOut }, () => prompts.draw(lengths));
    let good = true;
    for (let step = 0; step < plan.callsPerTask && good; step++) {
      const leftMs = dueAtMs + plan.slo.taskMs - env.now();
      const more = {
        // A task that has begun goes before one that has not: what it has cost would be lost with it.
        priority: step === 0 ? (1 as const) : (0 as const),
        dueAtMs: env.now() + Math.min(plan.slo.callMs, (2 * leftMs) / (plan.callsPerTask - step + 1)),
      };
      const side = Array.from({ length: plan.fanOut }, (_, i) => {
        const n = step * plan.fanOut + i;
        return call(agent, prompts.text(drawn[n]!, number, n), more);
      });
      good = (await Promise.all(side)).every(Boolean);
    }
    meter.task(env.now() - dueAtMs, good);
  }
  startLoad(waking, plan, agents, untilMs, task);

  /** Tasks that come at most: drawn in an open loop, so by four standard deviations; unknown in a closed one. */
  const dueOnAverage = (agents * durationS * plan.tasksPerHour) / 3_600;
  const tasksMax = plan.arrivals === 'closed' ? null : dueOnAverage + 4 * Math.sqrt(dueOnAverage);
  const callsOfTask = plan.callsPerTask * plan.fanOut;

  /**
   * More are late already than may be of all that will come. In a closed loop: of as many as there will be at this pace, and
   * half as many again.
   */
  function broken(atMs: number): boolean {
    const late = ({ count, inTime }: CapacityMeter['calls'], most: number | null): boolean =>
      count - inTime > LATE_SHARE_MAX * (most ?? 1.5 * Math.max(100, (count * untilMs) / atMs));
    if (tasksMax === null) return atMs >= untilMs / 4 && (late(meter.calls, null) || late(meter.tasks, null));
    return late(meter.calls, tasksMax * callsOfTask) || late(meter.tasks, tasksMax);
  }

  let stopped = false;
  for (let atMs = stepMs; atMs <= untilMs + 1 && !stopped; atMs += stepMs) {
    for (let i = 1; i <= SAMPLES_PER_POINT; i++) {
      await world.run(atMs - stepMs + (stepMs * i) / SAMPLES_PER_POINT);
      meter.sample(provider.counts().inFlight);
      if (watch.cancelled()) throw new Cancelled('The study was cancelled.');
    }
    meter.close(atMs, provider.counts(), running.queued());
    watch.progress(Math.min(1, atMs / untilMs));
    stopped = choice.untilBroken === true && broken(atMs);
  }
  // What is under way comes to its end.
  const drainMs = plan.deadlineMs * plan.callsPerTask + 1_000;
  for (
    let atMs = untilMs;
    !stopped && meter.tasks.count < taskNumber && atMs < untilMs + drainMs;
    atMs += 1_000
  ) {
    await world.run(atMs + 1_000);
    if (watch.cancelled()) throw new Cancelled('The study was cancelled.');
  }
  const counts = provider.counts();
  const total = (tally: Readonly<Partial<Record<RefusedFor, number>>>): number =>
    Object.values(tally).reduce((a, b) => a + b, 0);
  return {
    policy,
    agents,
    places: policy === 'fixed' ? Math.max(1, places) : null,
    durationS,
    stopped,
    calls: meter.calls.count,
    callsInTime: meter.calls.inTime,
    endedAs: meter.endedAs,
    tasks: meter.tasks.count,
    tasksInTime: meter.tasks.inTime,
    tasksFailed: meter.tasks.failed,
    callMs: meter.calls.percentiles(),
    taskMs: meter.tasks.percentiles(),
    requests: counts.requests,
    wire429: counts.status429,
    wire429By: Object.fromEntries(Object.entries(counts.byAxis429).filter(([, n]) => n > 0)),
    agent429: total(meter.agent429),
    agent429By: meter.agent429,
    wire5xx: counts.status5xx,
    inputTokens: counts.inputTokens,
    cachedTokens: counts.cachedTokens,
    outputTokens: counts.outputTokens,
    usd: counts.usd,
    use: meter.use(),
    points: meter.points,
    events: clock.events,
    hash: log.hash(),
  };
}

/** Promises are followed after whatever runs on it. */
function wakingEnv(env: Env, world: VirtualWorld): Env {
  const woken = (fn: () => void) => (): void => {
    fn();
    world.wake();
  };
  return { ...env, setTimer: (ms, fn) => env.setTimer(ms, woken(fn)), defer: (fn) => env.defer(woken(fn)) };
}

/** The endpoint leaves the signal when it answers: promises are followed then, and not for all that it does before. */
function wakingRequest(request: Request, world: VirtualWorld): Request {
  const { signal } = request;
  const watched = {
    get aborted() {
      return signal.aborted;
    },
    get reason(): unknown {
      return signal.reason as unknown;
    },
    addEventListener: (type: 'abort', fn: () => void) => signal.addEventListener(type, fn, { once: true }),
    removeEventListener(type: 'abort', fn: () => void) {
      signal.removeEventListener(type, fn);
      world.wake();
    },
  };
  return { ...request, signal: watched as unknown as AbortSignal };
}

/** What a 429 was for, as far as its message tells. */
async function reasonOf(response: Response): Promise<RefusedFor> {
  const read = await readCompletion(response);
  if (read.type !== 'status') return 'requests';
  if (read.shouldRetry === false) return 'spend';
  return limitOver(read.message, read.told) ?? 'requests';
}
