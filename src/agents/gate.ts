import { power } from '../kernel/maths.ts';
import type { Env } from '../kernel/env.ts';
import type { AgentId } from '../kernel/ids.ts';
import type { KnownItem } from '../memory/knownItems.ts';
import { Histogram } from '../metrics/histogram.ts';
import { createArrivals } from './arrivals.ts';
import type { Behaviour } from './behaviour.ts';
import { createErrands, ERRAND, type ErrandBody, type ErrandCounts } from './errand.ts';
import type { AnswerBody, QuestionBody } from './protocol.ts';

/** One question's way, as the gate knows it. */
export interface Interaction {
  readonly id: string;
  readonly byVisitor: boolean;
  readonly question: string;
  readonly agent: AgentId;
  readonly intendedAtMs: number;
  /** The passage it was made from; null for a visitor's question. Stays at the gate: no agent sees it. */
  readonly source: string | null;
  state: 'travelling' | 'answered' | 'failed';
  answer: AnswerBody | null;
  responseMs: number | null;
  found: boolean | null;
}

/** Totals of one stretch of time. */
export interface GateCounts {
  asked: number;
  answered: number;
  failed: number;
  /** Different known-item questions judged, each by its first answer, and those whose source passage is cited. */
  judged: number;
  found: number;
  /** Answers that an agent could not give because of a 429. */
  agent429: number;
  /** Answers to questions of an earlier visit, that came back with the grove. */
  carriedOver: number;
  /** Questions that failed at once, because the link to their agent took no more. */
  refused: number;
}

export interface GateConfig {
  readonly agents: readonly AgentId[];
  readonly deadlineMs: number;
  readonly zipf: number;
  /** Makes ids of this run differ from those of an earlier one. */
  readonly run: string;
  /** Sends to an agent; false when the link is full. */
  readonly send: (to: AgentId, kind: string, body: QuestionBody | ErrandBody) => boolean;
  /** How many agents pass an errand on before it comes home. */
  readonly errandHops: number;
  /** Errands a second, while questions flow. */
  readonly errandsPerS: number;
  /** No question could be put for so long, because the machine slept. */
  readonly onSlept: (ms: number) => void;
  /** A question was answered or failed. */
  readonly onEnd: (interaction: Interaction) => void;
}

/** The answer in place of one to a question that was not sent. */
const refusal = (id: string, agent: AgentId): AnswerBody => ({
  id,
  ok: false,
  text: `The way to ${agent} takes no more messages at the moment, so the question was not put. Ask again a little later.`,
  rateLimited: false,
  cached: false,
  citations: [],
  asked: [],
  legs: [],
});

/** Where questions enter and answers leave. Open loop: arrivals keep their times, however slow the answers are. */
export interface Gate {
  readonly behaviour: Behaviour;
  readonly total: GateCounts;
  /** Response times in ms from the intended send time: of the whole run, and since `takeSecond`. */
  readonly responses: Histogram;
  takeSecond(): { counts: GateCounts; responses: Histogram };
  readonly travelling: number;
  readonly ratePerS: number;
  /** Poisson arrivals a second from now on; 0 stops them, and errands too. */
  setRate(perS: number): void;
  readonly errands: ErrandCounts;
  addKnownItems(items: readonly KnownItem[]): void;
  /** These agents are gone for good: nobody is sent to them any more, unless nobody else is left. */
  withdraw(gone: readonly AgentId[]): void;
  /** Puts a visitor's question; returns its id. */
  ask(text: string): string;
  /** Newest last. */
  recent(): readonly Interaction[];
  /** Forgets the counts so far, not the questions under way. */
  resetCounts(): void;
}

const RECENT = 20;
const SWEEP_MS = 250;

const zero = (): GateCounts => ({
  asked: 0,
  answered: 0,
  failed: 0,
  judged: 0,
  found: 0,
  agent429: 0,
  carriedOver: 0,
  refused: 0,
});

export function createGate(env: Env, config: GateConfig): Gate {
  const rng = env.random('gate');
  const items: KnownItem[] = [];
  let agents = config.agents;
  /** Cumulated Zipf weights over `items`. */
  let weights: number[] = [];
  const open = new Map<string, Interaction>();
  const judged = new Set<string>();
  const recent: Interaction[] = [];
  let total = zero();
  let second = zero();
  let responses = new Histogram(0.1);
  let secondResponses = new Histogram(0.1);
  const arrivals = createArrivals(env, rng, onArrival, config.onSlept);
  const errands = createErrands(
    env,
    {
      run: config.run,
      hops: config.errandHops,
      send: (to, body) => config.send(to as AgentId, ERRAND, body),
    },
    () => agents,
  );
  let sweeping = false;
  let n = 0;

  const count = (key: keyof GateCounts): void => {
    total[key]++;
    second[key]++;
  };

  function put(question: string, intendedAtMs: number, byVisitor: boolean, source: string | null): string {
    const id = `${config.run}-${++n}`;
    const agent = rng.pick(agents);
    const interaction: Interaction = {
      id,
      byVisitor,
      question,
      agent,
      intendedAtMs,
      source,
      state: 'travelling',
      answer: null,
      responseMs: null,
      found: null,
    };
    open.set(id, interaction);
    show(interaction);
    count('asked');
    const body = { id, text: question, intendedAtMs, deadlineAtMs: intendedAtMs + config.deadlineMs };
    if (config.send(agent, 'question', body)) sweepLater();
    else {
      // Shed at once and counted: waiting for room here would only hide that the grove cannot keep up.
      count('refused');
      end(interaction, refusal(id, agent));
    }
    return id;
  }

  /** The visitor's questions stay in view; automatic ones make room. */
  function show(interaction: Interaction): void {
    recent.push(interaction);
    while (recent.length > RECENT) {
      const i = recent.findIndex((r) => !r.byVisitor);
      recent.splice(Math.max(0, i), 1);
    }
  }

  function end(interaction: Interaction, answer: AnswerBody | null): void {
    open.delete(interaction.id);
    const responseMs = env.now() - interaction.intendedAtMs;
    interaction.responseMs = responseMs;
    interaction.answer = answer;
    interaction.state = answer?.ok ? 'answered' : 'failed';
    // A failure that comes fast is no fast answer: it counts as one that took its whole time.
    const countedMs = answer?.ok ? responseMs : Math.max(responseMs, config.deadlineMs);
    responses.record(countedMs);
    secondResponses.record(countedMs);
    count(answer?.ok ? 'answered' : 'failed');
    if (answer?.rateLimited) count('agent429');
    if (interaction.source !== null) {
      interaction.found = answer?.citations.some((c) => c.source === interaction.source) ?? false;
      // A popular question is put often; as a test it counts once, however it went.
      if (!judged.has(interaction.question)) {
        judged.add(interaction.question);
        count('judged');
        if (interaction.found) count('found');
      }
    }
    config.onEnd(interaction);
  }

  function sweepLater(): void {
    if (sweeping) return;
    sweeping = true;
    env.setTimer(SWEEP_MS, () => {
      sweeping = false;
      const nowMs = env.now();
      for (const interaction of [...open.values()])
        if (nowMs > interaction.intendedAtMs + config.deadlineMs + SWEEP_MS) end(interaction, null);
      if (open.size > 0) sweepLater();
    });
  }

  function pickItem(): KnownItem {
    const total = weights.at(-1) ?? 0;
    const x = rng.next() * total;
    let lo = 0;
    let hi = weights.length - 1;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (weights[mid]! > x) hi = mid;
      else lo = mid + 1;
    }
    return items[lo]!;
  }

  function onArrival(dueMs: number): void {
    if (items.length === 0) return;
    const item = pickItem();
    put(item.query, dueMs, false, item.source);
  }

  return {
    behaviour: {
      receive(message) {
        if (message.kind === ERRAND) {
          errands.home(message.body as ErrandBody);
          return;
        }
        const answer = message.body as AnswerBody;
        const interaction = open.get(answer.id);
        if (interaction) end(interaction, answer);
        else if (!answer.id.startsWith(`${config.run}-`)) count('carriedOver');
      },
    },
    get total() {
      return total;
    },
    get responses() {
      return responses;
    },
    takeSecond() {
      const taken = { counts: second, responses: secondResponses };
      second = zero();
      secondResponses = new Histogram(0.1);
      return taken;
    },
    get travelling() {
      return open.size;
    },
    get ratePerS() {
      return arrivals.ratePerS;
    },
    setRate(perS) {
      arrivals.setRate(perS);
      errands.arrivals.setRate(perS > 0 ? config.errandsPerS : 0);
    },
    get errands() {
      return errands.counts;
    },
    addKnownItems(more) {
      for (const item of more) {
        items.splice(rng.int(items.length + 1), 0, item);
      }
      let sum = 0;
      weights = items.map((_, i) => (sum += 1 / power(i + 1, config.zipf)));
    },
    withdraw(gone) {
      const left = agents.filter((id) => !gone.includes(id));
      if (left.length > 0) agents = left;
    },
    ask: (text) => put(text, env.now(), true, null),
    recent: () => recent,
    resetCounts() {
      total = zero();
      judged.clear();
      responses = new Histogram(0.1);
    },
  };
}
