import { createRng, type Rng } from '../../src/kernel/rng.ts';
import { bucket, fixed, sliding, type Enforcer, type Regime } from './enforcement.ts';
import { EventLoop } from './eventLoop.ts';

export type Axis = 'requests' | 'inputTokens' | 'outputTokens' | 'concurrency';
export type RateAxis = Exclude<Axis, 'concurrency'>;
export const RATE_AXES: readonly RateAxis[] = ['requests', 'inputTokens', 'outputTokens'];
export type Limits = Readonly<Record<Axis, number>>;

/** One-way delays, ms. */
export type Delays = (rng: Rng) => number;

/** Median and spread of a log-normal, and its most. */
export interface Lengths {
  readonly median: number;
  readonly sigma: number;
  readonly max: number;
}

/** Something that decides when a request goes. */
export interface Sender {
  /** Calls `go` when it may. */
  acquire(agent: number, inputTokens: number, maxOutputTokens: number, go: (permit: number) => void): void;
  progress(permit: number, outputTokens: number): void;
  settle(permit: number, outcome: Outcome): void;
  /** After a refusal: when to try again, in ms from now. */
  backoffMs(attempt: number, retryAfterMs: number): number;
}

export interface Outcome {
  readonly status: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly retryAfterMs: number;
  readonly over: Axis | 'acceleration' | null;
  readonly remaining: Readonly<Record<RateAxis, number>>;
}

export interface QuotaWorldPlan {
  readonly seed: string;
  readonly regime: Regime;
  readonly limits: Limits;
  readonly agents: number;
  readonly prompts: Lengths;
  readonly answers: Lengths;
  readonly delays: Delays;
  readonly minutes: number;
  /** Size of the buckets, as seconds of their rate; 1 is the strictest that providers document. */
  readonly burstS?: number;
  /** Share of each rate limit that others use, by time; nothing when missing. */
  readonly othersAt?: (nowMs: number) => number;
  /** Refuses when the last 10 s used more than this many times what the minute before used on average, above a tenth of the limit. */
  readonly acceleration?: number;
  /** Nine of ten agents come only then; all at once when missing. */
  readonly crowdAtMs?: number;
  /** How far an estimate of a prompt's tokens is off: standard deviation as a share. */
  readonly estimateError?: number;
}

export interface QuotaWorldResult {
  readonly requests: number;
  readonly answered: number;
  /** Refusals by the limit that they named; `acceleration` names none. */
  readonly refused: Readonly<Record<Axis | 'acceleration', number>>;
  readonly refusedAll: number;
  /** Requests refused `TRIES` times: where a client gives up and its agent is told. */
  readonly told: number;
  /** Of each limit over the whole time, in [0, 1] and above. */
  readonly use: Readonly<Record<Axis, number>>;
  /** The most that any 60 s used of each limit. */
  readonly worstMinute: Readonly<Record<RateAxis, number>>;
  /** For concurrency: service / (service + both ways), what a client can reach that fills a place when it hears of it. */
  readonly ceiling: number;
  readonly events: number;
}

/** Tries of one request before a client of the usual make gives up. */
const TRIES = 5;
const CHUNK_MS = 400;
const TOKENS_PER_S = 150;

interface Peak {
  times: number[];
  amounts: number[];
  head: number;
  sum: number;
  worst: number;
}
const peak = (): Peak => ({ times: [], amounts: [], head: 0, sum: 0, worst: 0 });
function watch(p: Peak, amount: number, nowMs: number): void {
  while (p.head < p.times.length && p.times[p.head]! <= nowMs - 60_000) p.sum -= p.amounts[p.head++]!;
  if (p.head > 20_000) {
    p.times.splice(0, p.head);
    p.amounts.splice(0, p.head);
    p.head = 0;
  }
  p.times.push(nowMs);
  p.amounts.push(amount);
  p.sum += amount;
  p.worst = Math.max(p.worst, p.sum);
}

/**
 * Agents that ask again the moment they are answered, a sender, a network and an endpoint with an enforcement of its own:
 * requests and prompts are charged on arrival, answers as they are made, refused requests cost nothing.
 */
export function runQuotaWorld(
  plan: QuotaWorldPlan,
  createSender: (loop: EventLoop, rng: Rng) => Sender,
): QuotaWorldResult {
  const loop = new EventLoop();
  const rng = createRng(plan.seed);
  const texts = rng.fork('texts');
  const network = rng.fork('network');
  const speeds = rng.fork('speeds');
  const phaseMs = rng.next() * 60_000;
  const { limits } = plan;
  const burstS = plan.burstS ?? 1;
  const enforcer = (axis: RateAxis): Enforcer =>
    plan.regime === 'bucket'
      ? bucket(limits[axis], (limits[axis] / 60) * burstS)
      : plan.regime === 'sliding'
        ? sliding(limits[axis])
        : fixed(limits[axis], phaseMs);
  const enforcers = {
    requests: enforcer('requests'),
    inputTokens: enforcer('inputTokens'),
    outputTokens: enforcer('outputTokens'),
  };
  const peaks = { requests: peak(), inputTokens: peak(), outputTokens: peak() };
  const used = { requests: 0, inputTokens: 0, outputTokens: 0 };
  const refused = { requests: 0, inputTokens: 0, outputTokens: 0, concurrency: 0, acceleration: 0 };
  let requests = 0;
  let answered = 0;
  let told = 0;
  let inFlight = 0;
  let busyMs = 0;
  let sinceMs = 0;
  let serviceMs = 0;
  const untilMs = plan.minutes * 60_000;
  const shortly = peak();
  const sender = createSender(loop, rng.fork('sender'));

  const busy = (by: number): void => {
    busyMs += inFlight * (loop.now - sinceMs);
    sinceMs = loop.now;
    inFlight += by;
  };
  const charge = (axis: RateAxis, amount: number): void => {
    enforcers[axis].charge(amount, loop.now);
    used[axis] += amount;
    watch(peaks[axis], amount, loop.now);
  };
  const draw = (l: Lengths): number =>
    Math.max(1, Math.min(l.max, Math.round(texts.logNormal(Math.log(l.median), l.sigma))));
  const remaining = (): Record<RateAxis, number> => ({
    requests: enforcers.requests.remaining(loop.now),
    inputTokens: enforcers.inputTokens.remaining(loop.now),
    outputTokens: enforcers.outputTokens.remaining(loop.now),
  });
  const tooFast = (): boolean => {
    if (plan.acceleration === undefined) return false;
    const p = peaks.requests;
    watch(p, 0, loop.now);
    while (shortly.head < shortly.times.length && shortly.times[shortly.head]! <= loop.now - 10_000)
      shortly.sum -= shortly.amounts[shortly.head++]!;
    const span = Math.min(60_000, Math.max(10_000, loop.now));
    const floor = limits.requests / 10;
    return (shortly.sum + 1) * 6 > Math.max(floor, plan.acceleration * (p.sum / span) * 60_000);
  };

  function overWhich(inputTokens: number): Axis | 'acceleration' | null {
    if (inFlight >= limits.concurrency) return 'concurrency';
    if (!enforcers.requests.allows(1, loop.now)) return 'requests';
    if (!enforcers.inputTokens.allows(inputTokens, loop.now)) return 'inputTokens';
    if (!enforcers.outputTokens.allows(0, loop.now)) return 'outputTokens';
    return tooFast() ? 'acceleration' : null;
  }

  function ask(agent: number): void {
    const inputTokens = draw(plan.prompts);
    const outputTokens = draw(plan.answers);
    const error = plan.estimateError ?? 0;
    const estimate =
      error === 0 ? inputTokens : Math.max(1, Math.round(inputTokens * (1 + error * texts.normal())));
    attempt(agent, inputTokens, estimate, outputTokens, 1);
  }

  function attempt(
    agent: number,
    inputTokens: number,
    estimate: number,
    outputTokens: number,
    nth: number,
  ): void {
    sender.acquire(agent, estimate, plan.answers.max, (permit) => {
      loop.in(plan.delays(network), () => {
        requests++;
        const over = overWhich(inputTokens);
        if (over !== null) {
          refused[over]++;
          if (nth === TRIES) told++;
          const retryAfterMs = 1_000;
          const left = remaining();
          loop.in(plan.delays(network), () => {
            sender.settle(permit, {
              status: 429,
              inputTokens: 0,
              outputTokens: 0,
              retryAfterMs,
              over,
              remaining: left,
            });
            loop.in(sender.backoffMs(nth, retryAfterMs), () =>
              attempt(agent, inputTokens, estimate, outputTokens, nth + 1),
            );
          });
          return;
        }
        charge('requests', 1);
        charge('inputTokens', inputTokens);
        if (plan.acceleration !== undefined) watchShortly();
        busy(1);
        serve(agent, permit, inputTokens, outputTokens);
      });
    });
  }
  function watchShortly(): void {
    shortly.times.push(loop.now);
    shortly.amounts.push(1);
    shortly.sum++;
  }

  function serve(agent: number, permit: number, inputTokens: number, outputTokens: number): void {
    const startedAtMs = loop.now;
    const firstMs = speeds.logNormal(Math.log(250), 0.3);
    const perS = TOKENS_PER_S * speeds.logNormal(0, 0.1);
    const perChunk = (perS * CHUNK_MS) / 1000;
    let made = 0;
    let heardAtMs = 0;
    const chunk = (): void => {
      const next = Math.min(outputTokens, Math.round(made + perChunk));
      charge('outputTokens', next - made);
      made = next;
      // In order, as the bytes of one stream are.
      heardAtMs = Math.max(heardAtMs, loop.now + plan.delays(network));
      if (made < outputTokens) {
        const soFar = made;
        loop.at(heardAtMs, () => sender.progress(permit, soFar));
        loop.in(Math.min(CHUNK_MS, ((outputTokens - made) / perS) * 1000), chunk);
        return;
      }
      busy(-1);
      answered++;
      serviceMs += loop.now - startedAtMs;
      const left = remaining();
      loop.at(heardAtMs, () => {
        sender.settle(permit, {
          status: 200,
          inputTokens,
          outputTokens,
          retryAfterMs: 0,
          over: null,
          remaining: left,
        });
        ask(agent);
      });
    };
    loop.in(firstMs + Math.min(CHUNK_MS, (outputTokens / perS) * 1000), chunk);
  }

  if (plan.othersAt !== undefined) {
    const othersAt = plan.othersAt;
    const tick = (): void => {
      const share = othersAt(loop.now);
      for (const axis of RATE_AXES) {
        const amount = (limits[axis] / 60) * 0.1 * share;
        if (amount > 0 && enforcers[axis].allows(amount, loop.now)) enforcers[axis].charge(amount, loop.now);
      }
      loop.in(100, tick);
    };
    loop.in(100, tick);
  }
  for (let agent = 0; agent < plan.agents; agent++)
    if (plan.crowdAtMs === undefined || agent % 10 === 0) ask(agent);
    else loop.at(plan.crowdAtMs, () => ask(agent));
  loop.run(untilMs);
  busy(0);
  const share = (axis: RateAxis): number => used[axis] / (limits[axis] * plan.minutes);
  const meanServiceMs = serviceMs / Math.max(1, answered);
  const trips = rng.fork('ceiling');
  let bothWaysMs = 0;
  for (let i = 0; i < 10_000; i++) bothWaysMs += (plan.delays(trips) + plan.delays(trips)) / 10_000;
  return {
    requests,
    answered,
    refused,
    refusedAll: Object.values(refused).reduce((a, b) => a + b, 0),
    told,
    use: {
      requests: share('requests'),
      inputTokens: share('inputTokens'),
      outputTokens: share('outputTokens'),
      concurrency: busyMs / (limits.concurrency * untilMs),
    },
    worstMinute: {
      requests: peaks.requests.worst / limits.requests,
      inputTokens: peaks.inputTokens.worst / limits.inputTokens,
      outputTokens: peaks.outputTokens.worst / limits.outputTokens,
    },
    ceiling: meanServiceMs / (meanServiceMs + bothWaysMs),
    events: loop.events,
  };
}
