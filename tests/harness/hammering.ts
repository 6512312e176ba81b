import { providerOptions, type ProviderOptions } from '../../src/provider/options.ts';
import { createModelClient } from '../../src/provider/client.ts';
import { createDesk } from '../../src/provider/desk.ts';
import type { Desk } from '../../src/provider/deskViews.ts';
import type { DeskPort, FetchHandler, ModelFailure } from '../../src/provider/port.ts';
import { profileOf } from '../../src/provider/profile.ts';
import { buildPrompt } from '../../src/provider/prompt.ts';
import { createSimulatedProvider, type SimulatedProvider } from '../../src/provider/simulated.ts';
import type { Result } from '../../src/kernel/result.ts';
import type { Completion } from '../../src/provider/port.ts';
import type { EndpointEntry } from './endpointAuditor.ts';
import { createTestEnv, type TestEnv } from './testEnv.ts';

/** A desk that lets everything go at once: what a client without a manager does. */
export const OPEN_DOOR: DeskPort = {
  acquire: (_request, done) =>
    done({ type: 'go', permit: 0, queuedMs: 0, goAtMs: 0, endpoint: 0, hedgeAfterMs: Infinity }),
  settle: () => undefined,
  note: () => undefined,
  watch: () => undefined,
};

const WORDS = 'union treasury navy harvest railway treaty tariff senate river frontier school canal'.split(
  ' ',
);

export interface Hammering {
  readonly env: TestEnv;
  readonly provider: SimulatedProvider;
  readonly desk: Desk;
  readonly log: EndpointEntry[];
  readonly results: Result<Completion, ModelFailure>[];
  readonly options: ProviderOptions;
  readonly kills: number;
}

export interface HammeringPlan {
  readonly seed: string;
  readonly limits: Partial<ProviderOptions>;
  readonly agents: number;
  readonly minutes: number;
  /** Passages of about 40 words in a prompt. */
  readonly passages: number;
  readonly withDesk: boolean;
  /** One-way delays, uniform. */
  readonly networkMs?: readonly [number, number];
  readonly deadlineMs?: number;
  /** A node dies this often, its request under way at the endpoint, and another takes its place; never when missing. */
  readonly killEveryMs?: number;
  /** Delays of each hop between node and desk, uniform up to this: busy nodes. */
  readonly hopMsMax?: number;
  /** What the desk says reaches no node while the nodes stand still: every so often, for so long; never when missing. */
  readonly still?: { readonly everyMs: number; readonly forMs: number };
  /** Between an answer and the next question, on average; none when missing. */
  readonly thinkMs?: number;
}

/** What the profile small-fast has, said outright. */
const SMALL_FAST_LIMITS = {
  requestsPerMin: 2_000,
  inputTokensPerMin: 4_000_000,
  outputTokensPerMin: 400_000,
  concurrency: 100,
};

/** Options from a part of them; defaults for the rest, the limits included. */
export function optionsWith(limits: Partial<ProviderOptions>): ProviderOptions {
  const parsed = providerOptions.parse({ stream: false, ...SMALL_FAST_LIMITS, ...limits }, 'provider');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

/**
 * Agents that ask again the moment they are answered, through a network with delays of its own. The log is written at the
 * endpoint's door, outside of the endpoint, from the bodies that pass through it.
 */
export async function hammer(plan: HammeringPlan): Promise<Hammering> {
  const env = createTestEnv(plan.seed);
  const [leastMs, mostMs] = plan.networkMs ?? [20, 60];
  const options = optionsWith({ ...plan.limits, networkMs: leastMs, networkJitterMs: mostMs - leastMs });
  const provider = createSimulatedProvider(env, profileOf('small-fast'), {
    ...options,
    networkMs: 0,
    networkJitterMs: 0,
  });
  const desk = createDesk(env, options);
  const delays = env.random('test/network');
  const log: EndpointEntry[] = [];
  const results: Result<Completion, ModelFailure>[] = [];
  const oneWay = (): Promise<void> =>
    new Promise((resolve) => {
      env.setTimer(leastMs + delays.next() * (mostMs - leastMs), resolve);
    });
  const wire: FetchHandler = async (request) => {
    await oneWay();
    const { max_tokens: reservedTokens } = (await request.clone().json()) as { max_tokens: number };
    const entry = {
      arrivedAtMs: env.now(),
      endedAtMs: Infinity,
      status: 0,
      inputTokens: 0,
      reservedTokens,
      outputTokens: 0,
    };
    log.push(entry);
    const response = await provider.fetch(request).finally(() => (entry.endedAtMs = env.now()));
    entry.status = response.status;
    if (response.status === 200) {
      const { usage } = (await response.clone().json()) as {
        usage: { prompt_tokens: number; completion_tokens: number };
      };
      entry.inputTokens = usage.prompt_tokens;
      entry.outputTokens = usage.completion_tokens;
    }
    await oneWay();
    return response;
  };
  const texts = env.random('test/texts');
  const passage = (): { speaker: string; date: string; text: string } => ({
    speaker: 'Speaker',
    date: '1862',
    text: Array.from({ length: 40 }, (_, i) => texts.pick(WORDS) + (i % 13 === 12 ? '.' : '')).join(' '),
  });
  const untilMs = plan.minutes * 60_000;
  const hops = env.random('test/hops');
  /** In order, as messages of one port are, however long each takes. */
  function delayed(port: DeskPort, isAlive: () => boolean): DeskPort {
    if (plan.hopMsMax === undefined) return { ...port, settle: (s) => isAlive() && port.settle(s) };
    const hopMsMax = plan.hopMsMax;
    /** The moment itself, or the end of the standstill that it falls into. */
    const awakeMs = (atMs: number): number => {
      const { everyMs, forMs } = plan.still ?? { everyMs: Infinity, forMs: 0 };
      const intoMs = atMs % everyMs;
      return intoMs < forMs ? atMs - intoMs + forMs : atMs;
    };
    const lane = (from: (atMs: number) => number = (atMs) => atMs): ((fn: () => void) => void) => {
      let freeAtMs = 0;
      return (fn) => {
        freeAtMs = Math.max(freeAtMs, from(env.now() + hops.next() * hopMsMax));
        env.setTimer(freeAtMs - env.now(), fn);
      };
    };
    const there = lane();
    const back = lane(awakeMs);
    return {
      acquire: (request, done) =>
        there(() => port.acquire(request, (reply) => back(() => isAlive() && done(reply)))),
      settle: (settlement) => {
        if (isAlive()) there(() => port.settle(settlement));
      },
      note: (note) => {
        if (isAlive()) there(() => port.note(note));
      },
      watch: (since, done) => {
        if (isAlive()) there(() => port.watch(since, (changes) => back(() => isAlive() && done(changes))));
      },
    };
  }
  let nextHolder = 1;
  const living: { holder: number; kill: () => void }[] = [];
  const agent = async (): Promise<void> => {
    const holder = nextHolder++;
    let alive = true;
    living.push({ holder, kill: () => (alive = false) });
    const port = plan.withDesk ? delayed(desk.portFor(holder), () => alive) : OPEN_DOOR;
    const client = createModelClient(env, wire, port, options);
    const passages = Array.from({ length: plan.passages }, passage);
    const { messages } = buildPrompt(`What of the ${texts.pick(WORDS)}?`, passages, 100_000);
    await new Promise<void>((resolve) => void env.setTimer(texts.next() * 1000, resolve));
    while (env.now() < untilMs && alive) {
      if (plan.thinkMs !== undefined) {
        const thinkMs = texts.exponential(plan.thinkMs);
        await new Promise<void>((resolve) => void env.setTimer(thinkMs, resolve));
      }
      const result = await client.complete({
        agent: `a${holder}`,
        messages,
        maxTokens: options.maxOutputTokens,
        deadlineAtMs: env.now() + (plan.deadlineMs ?? 120_000),
      });
      if (!alive) return;
      results.push(result);
      if (!result.ok) await new Promise<void>((resolve) => void env.setTimer(100, resolve));
    }
  };
  for (let i = 0; i < plan.agents; i++) void agent();
  let kills = 0;
  if (plan.killEveryMs !== undefined) {
    const killEveryMs = plan.killEveryMs;
    const victims = env.random('test/kills');
    const killOne = (): void => {
      const [victim] = living.splice(victims.int(living.length), 1);
      victim!.kill();
      desk.releaseHolder(victim!.holder);
      kills++;
      void agent();
      env.setTimer(killEveryMs, killOne);
    };
    env.setTimer(killEveryMs, killOne);
  }
  await env.runUntil(untilMs);
  return { env, provider, desk, log, results, options, kills };
}
