import { idleSnapshot } from '../../fleet/idle.ts';
import type { AgentView, GroveSnapshot, Recovery, StoryLine } from '../../fleet/views.ts';
import { describeIssue } from '../../kernel/schema.ts';
import { readPackedDocument, type CorpusIndex } from '../../memory/corpus.ts';
import type { SourceDocument } from '../../memory/documents.ts';
import { virtualRefusal } from '../../provider/connection.ts';
import { inputSchema, type RunScript } from '../../scenario/script.ts';
import { createGroveStage } from './groveStage.ts';
import { madeTextFor } from './madeText.ts';
import { tooBigForTab } from './memoryNeed.ts';
import { createPlayer, type Player, type TimeView } from './player.ts';
import { createRelayStage, relayCaseOf } from './relayStage.ts';
import type { Stage } from './stage.ts';
import type { WithoutTick } from './virtualRun.ts';

/** The built-in text as the page loaded it. */
export interface PackedText {
  readonly index: CorpusIndex;
  readonly bytes: ArrayBuffer;
}

/** What a run is, for a report. */
export interface RunAccount {
  readonly time: TimeView;
  readonly snapshot: GroveSnapshot;
  readonly story: readonly StoryLine[];
  readonly recoveries: readonly Recovery[];
}

/** The Comlink contract of the virtual world's worker. Refusals carry their sentence. */
export interface VirtualControl {
  /** Whether the built-in text must be provided before this script can be opened. */
  needsText(script: RunScript): boolean;
  provideText(text: PackedText): Promise<void>;
  /** Opens a run at its first tick. Rejects with a sentence. */
  open(script: RunScript): Promise<void>;
  play(): void;
  pause(): void;
  setSpeed(speed: number | null): void;
  step(by: number | 'event'): Promise<void>;
  seek(tick: number): Promise<boolean>;
  cancel(): void;
  input(doing: WithoutTick): Promise<string | null>;
  withdraw(index: number): Promise<boolean>;
  time(): TimeView;
  snapshot(): Promise<GroveSnapshot>;
  inspect(agent: string): Promise<AgentView | null>;
  account(): Promise<RunAccount | null>;
  metrics(): Promise<string>;
}

/** Worlds kept beside the one that is shown: a grove of the built-in text takes about 80 MB, others a tenth of it. */
const ROOM = { builtIn: 2, small: 5 } as const;
/** A run of more agents than this has no second world beside it. */
const ALONE_FROM = 2_000;

const isRelay = ({ scenario }: RunScript): boolean => scenario.faults.on === 'relay';

/** The world of a script, at its first tick. Throws an Error when the built-in text it wants is not there. */
export function stageOf(
  { scenario, text, plan }: RunScript,
  builtIn: {
    readonly name: string;
    readonly credit?: string;
    readonly documents: readonly SourceDocument[];
  } | null,
): Stage {
  if (scenario.faults.on === 'relay') {
    const wanted = relayCaseOf(scenario);
    return createRelayStage({ scenario }, plan ? { ...wanted, plan } : wanted);
  }
  const corpus = text === 'made' ? madeTextFor(scenario.agents.count) : builtIn;
  if (!corpus) throw new Error('The built-in text has not been loaded; reload the page to try again.');
  return createGroveStage({ scenario, corpus, ...(plan && { plan }) });
}

/** A pause between two slices: a turn of the event loop, or a timer where time is to pass. */
function createRest(): (ms: number) => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return (ms) =>
    new Promise((resolve) => {
      if (ms > 0) setTimeout(resolve, ms);
      else {
        waiting.push(resolve);
        port2.postMessage(0);
      }
    });
}

export function createVirtualControl(): VirtualControl {
  let builtIn: Parameters<typeof stageOf>[1] = null;
  const player: Player = createPlayer({
    now: () => performance.now(),
    rest: createRest(),
    open: async (script) => stageOf(script, builtIn),
    room: (script) =>
      script.scenario.agents.count > ALONE_FROM
        ? 0
        : isRelay(script) || script.text === 'made'
          ? ROOM.small
          : ROOM.builtIn,
  });
  const idle = (): GroveSnapshot => {
    const { mode, script } = player.view();
    const count = script?.scenario.agents.count ?? 0;
    const workers = script ? script.scenario.agents.pool || count : 0;
    return idleSnapshot(mode === 'opening' ? 'spawning' : 'idle', null, { agents: count, workers });
  };
  return {
    needsText: (script) => !isRelay(script) && script.text === 'built-in' && builtIn === null,
    async provideText({ index, bytes }) {
      const documents = await Promise.all(
        index.documents.map((d) => readPackedDocument(bytes.slice(d.offset, d.offset + d.bytes))),
      );
      builtIn = { name: index.name, credit: index.credit, documents };
    },
    async open(script) {
      const refusal = isRelay(script) ? null : tooBigForTab(script.scenario);
      if (refusal !== null) throw new Error(refusal);
      const real = virtualRefusal(script.scenario.provider);
      if (real !== null) throw new Error(`${real} The run that is open is untouched.`);
      await player.open(script);
    },
    play: () => player.play(),
    pause: () => player.pause(),
    setSpeed: (speed) => player.setSpeed(speed),
    step: (by) => player.step(by),
    seek: (tick) => player.seek(tick),
    cancel: () => player.cancel(),
    async input(doing) {
      // What a link would refuse must not get into a run.
      const checked = inputSchema.parse({ ...doing, tick: 0 });
      if (!checked.ok) return `${checked.error.map(describeIssue).join('; ')}.`;
      return player.input(doing);
    },
    withdraw: (index) => player.withdraw(index),
    time: () => player.view(),
    async snapshot() {
      const s = await player.look((run) => run.stage.snapshot());
      if (s === null) return idle();
      // Where time stands nothing is under way: for the page that is a pause.
      const { mode } = player.view();
      return mode === 'playing' || s.phase === 'failed' ? s : { ...s, phase: 'paused' };
    },
    inspect: (agent) => player.look((run) => run.stage.inspect(agent)),
    account: () =>
      player.look(({ stage }) => ({
        time: player.view(),
        snapshot: stage.snapshot(),
        story: stage.story(),
        recoveries: stage.recoveries(),
      })),
    metrics: async () => (await player.look((run) => run.stage.metrics())) ?? '',
  };
}
