import type {
  AgentView,
  Fault,
  Grove,
  GroveSnapshot,
  InteractionView,
  Outcome,
  TextInput,
} from '../../lab/grove.ts';
import type { World } from '../../lab/worldSwitch.ts';
import type { Scenario } from '../../scenario/scenario.ts';

const POLL_MS = 200;
const HIDDEN_POLL_MS = 2_000;
/** Figures that change faster than twice a second cannot be read. */
const CALM_MS = 500;
const NOTICE_MS = 8_000;
const INSPECT_MS = 1_000;
/** A node that dies while it is asked never answers. */
const INSPECT_LIMIT_MS = 2_000;

/** What became of the visitor's last command: shown near the controls until the next one. */
export interface Notice {
  readonly tone: 'refusal' | 'done';
  readonly text: string;
}

function sentence(error: unknown): string {
  return `The grove did not answer: ${error instanceof Error ? error.message : String(error)}. Reload the page to try again.`;
}

/** A start that would forget the visitor's own text, and waits for a word of the visitor. */
export interface Forgetting {
  /** Name of the text. */
  readonly text: string;
  readonly scenario: Scenario;
}

/** Everything the page knows of its grove. The only one that talks to it; panels read and call, and write nothing. */
export class GroveState {
  readonly grove: Grove;
  /** The newest snapshot, about five a second. */
  snapshot = $state.raw<GroveSnapshot | null>(null);
  /** A snapshot for reading: replaced twice a second at most. */
  calm = $state.raw<GroveSnapshot | null>(null);
  scenario = $state.raw<Scenario>() as Scenario;
  node = $state.raw<number | null>(null);
  agentId = $state.raw<string | null>(null);
  agent = $state.raw<AgentView | null>(null);
  notice = $state.raw<Notice | null>(null);
  /** Set while the visitor is asked whether the own text may be forgotten. */
  forgetting = $state.raw<Forgetting | null>(null);
  /** What the grove is being asked to do, in a few words; null when nothing. */
  busy = $state.raw<string | null>(null);
  /** The interaction that the question panel and the map show. */
  watched = $state.raw<string | null>(null);

  readonly #listeners = new Set<(s: GroveSnapshot) => void>();
  /** Name of the visitor's own text that crash memory holds; null when it holds none. */
  #ownText: string | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #alive = false;
  #calmAt = -Infinity;
  #inspectedAt = -Infinity;

  readonly world: World;

  constructor(grove: Grove, scenario: Scenario, world: World = 'live') {
    this.grove = grove;
    this.scenario = scenario;
    this.world = world;
  }

  /** Polls until the returned function is called. */
  watch(): () => void {
    this.#alive = true;
    void this.#poll();
    const wake = (): void => {
      if (!document.hidden) this.#schedule(0);
    };
    document.addEventListener('visibilitychange', wake);
    return () => {
      this.#alive = false;
      if (this.#timer !== null) clearTimeout(this.#timer);
      document.removeEventListener('visibilitychange', wake);
    };
  }

  /** Hears every snapshot outside Svelte's bookkeeping: for the map, which draws by itself. */
  onSnapshot(listener: (s: GroveSnapshot) => void): () => void {
    this.#listeners.add(listener);
    if (this.snapshot) listener(this.snapshot);
    return () => this.#listeners.delete(listener);
  }

  #polling = false;
  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      const s = await this.grove.snapshot();
      if (!this.#alive) return;
      this.#take(s);
      // Not awaited: the figures must go on even when the node that is looked into never answers.
      void this.#refreshAgent();
    } catch (error) {
      this.notice = { tone: 'refusal', text: sentence(error) };
    } finally {
      this.#polling = false;
      if (this.#alive) this.#schedule(document.hidden ? HIDDEN_POLL_MS : POLL_MS);
    }
  }

  #schedule(afterMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#poll(), afterMs);
  }

  #take(s: GroveSnapshot): void {
    const before = this.snapshot;
    this.snapshot = s;
    // Between two groves there is no text to tell of, but crash memory still holds the last one.
    if (s.corpus.documents > 0) this.#ownText = s.corpus.own ? s.corpus.name : null;
    const nowMs = performance.now();
    if (nowMs - this.#calmAt >= CALM_MS - 20 || before?.phase !== s.phase) {
      this.#calmAt = nowMs;
      this.calm = s;
    }
    for (const listener of this.#listeners) listener(s);
    if (this.agentId === null && s.phase === 'running') {
      // Someone has to be looked at first, so that the tree rings are not an empty frame.
      const first = s.nodes.find((n) => n.state === 'up' && n.agents.length > 0);
      if (first) this.agentId = first.agents[0] ?? null;
    }
  }

  #inspecting = false;
  async #refreshAgent(): Promise<void> {
    const id = this.agentId;
    const nowMs = performance.now();
    if (id === null || document.hidden || this.#inspecting) return;
    if (this.agent?.id === id && nowMs - this.#inspectedAt < INSPECT_MS) return;
    this.#inspectedAt = nowMs;
    this.#inspecting = true;
    try {
      const limit = new Promise<null>((resolve) => setTimeout(() => resolve(null), INSPECT_LIMIT_MS));
      const view = await Promise.race([this.grove.inspect(id).catch(() => null), limit]);
      // A dead node cannot tell; what was seen of it last stays on screen.
      if (this.agentId === id && view) this.agent = view;
    } finally {
      this.#inspecting = false;
    }
  }

  /** Looks again at once. */
  refresh(): void {
    if (this.#alive) this.#schedule(0);
  }

  selectNode(id: number | null, agent?: string | null): void {
    this.node = id;
    const chosen = agent ?? this.snapshot?.nodes.find((n) => n.id === id)?.agents[0];
    if (chosen) this.selectAgent(chosen);
  }

  selectAgent(id: string): void {
    this.agentId = id;
    this.node = this.snapshot?.nodes.find((n) => n.agents.includes(id))?.id ?? this.node;
    if (this.#alive) this.#schedule(0);
  }

  /** The interaction to show: the one chosen, else the visitor's last, else the newest. */
  get interaction(): InteractionView | null {
    const all = this.snapshot?.interactions ?? [];
    return all.find((i) => i.id === this.watched) ?? all.findLast((i) => i.byVisitor) ?? null;
  }

  async #command(doing: string, done: string | null, run: () => Promise<Outcome>): Promise<boolean> {
    this.busy = doing;
    this.notice = null;
    try {
      const outcome = await run();
      if (!outcome.ok) this.notice = { tone: 'refusal', text: outcome.message };
      else if (done !== null) this.#tell(done);
      return outcome.ok;
    } catch (error) {
      this.notice = { tone: 'refusal', text: sentence(error) };
      return false;
    } finally {
      this.busy = null;
      if (this.#alive) this.#schedule(0);
    }
  }

  #forgetSelection(): void {
    this.agentId = null;
    this.agent = null;
    this.node = null;
    this.watched = null;
  }

  /** Good news leaves by itself; a refusal stays until it is closed or overtaken. */
  #tell(text: string): void {
    const notice: Notice = { tone: 'done', text };
    this.notice = notice;
    setTimeout(() => {
      if (this.notice === notice) this.notice = null;
    }, NOTICE_MS);
  }

  dismiss(): void {
    this.notice = null;
  }

  /**
   * Starts `scenario`; what was running stays as it is when it is refused. A scenario that would forget the visitor's
   * own text is not started but set out in `forgetting`, until `goOn` or `keep`.
   */
  async start(scenario: Scenario): Promise<boolean> {
    if (this.#ownText !== null && !scenario.resume) {
      this.forgetting = { text: this.#ownText, scenario };
      return false;
    }
    return this.begin(scenario);
  }

  /** Starts the scenario that forgets the visitor's own text. */
  async goOn(): Promise<boolean> {
    const asked = this.forgetting;
    return asked !== null && this.begin(asked.scenario);
  }

  /** Leaves the grove with the visitor's own text as it is. */
  keep(): void {
    this.forgetting = null;
  }

  /** Starts `scenario` without a question, by `run` where it is not the usual way. */
  async begin(
    scenario: Scenario,
    run: () => Promise<Outcome> = () => this.grove.start(scenario),
  ): Promise<boolean> {
    this.forgetting = null;
    const started = await this.#command('starting', null, run);
    if (started) {
      this.scenario = scenario;
      this.#forgetSelection();
    }
    return started;
  }

  async startAfresh(): Promise<boolean> {
    const done = 'Everything was forgotten; the grove begins again with the built-in addresses.';
    const started = await this.#command('starting afresh', done, () => this.grove.startAfresh(this.scenario));
    if (started) {
      this.forgetting = null;
      this.#forgetSelection();
    }
    return started;
  }

  pause(): Promise<boolean> {
    return this.#command('pausing', null, () => this.grove.pause());
  }

  resume(): Promise<boolean> {
    return this.#command('resuming', null, () => this.grove.resume());
  }

  stop(): Promise<boolean> {
    return this.#command(
      'stopping',
      'The grove was stopped; its memories stay in crash memory.',
      async () => {
        await this.grove.stop();
        return { ok: true };
      },
    );
  }

  setRate(questionsPerS: number): Promise<boolean> {
    return this.#command('changing the rate', null, () => this.grove.setRate(questionsPerS));
  }

  inject(fault: Fault, done: string): Promise<boolean> {
    const stands = this.world === 'virtual' && this.snapshot?.phase === 'paused';
    const more = stands ? ' Time stands still: play on to see what follows.' : '';
    return this.#command('breaking something', done + more, () => this.grove.inject(fault));
  }

  /**
   * Asks and watches the question; null when it went out, otherwise the sentence of the refusal. While agents are
   * being spawned the question waits for them.
   */
  async ask(question: string): Promise<string | null> {
    try {
      while ((await this.grove.snapshot()).phase === 'spawning')
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      const asked = await this.grove.ask(question);
      if (!asked.ok) return asked.message;
      this.watched = asked.id;
      this.#schedule(0);
      return null;
    } catch (error) {
      return sentence(error);
    }
  }

  /** Crash memory as a file, or the sentence of the refusal. */
  async exportMemory(): ReturnType<Grove['exportMemory']> {
    try {
      return await this.grove.exportMemory();
    } catch (error) {
      return { ok: false, message: sentence(error) };
    }
  }

  /** Goes on from a saved crash memory; null when it does, otherwise the sentence of the refusal. */
  async importMemory(file: Blob): Promise<string | null> {
    this.busy = 'taking a file in';
    try {
      const taken = await this.grove.importMemory(file);
      if (!taken.ok) return taken.message;
      this.scenario = taken.scenario;
      this.#forgetSelection();
      return null;
    } catch (error) {
      return sentence(error);
    } finally {
      this.busy = null;
      if (this.#alive) this.#schedule(0);
    }
  }

  cancelTransfer(): void {
    this.grove.cancelTransfer();
  }

  /** Plants texts; null when they took root, otherwise the sentence of the refusal. */
  async plant(texts: readonly TextInput[]): Promise<string | null> {
    this.busy = 'planting';
    try {
      const outcome = await this.grove.plant(texts);
      if (!outcome.ok) return outcome.message;
      this.#forgetSelection();
      return null;
    } catch (error) {
      return sentence(error);
    } finally {
      this.busy = null;
      if (this.#alive) this.#schedule(0);
    }
  }
}
