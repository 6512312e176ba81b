import { proxy, transfer } from 'comlink';
import { chargesOf } from '../../agents/charges.ts';
import { createDirectoryDesk } from '../../agents/directoryDesk.ts';
import { createGate, type Gate } from '../../agents/gate.ts';
import { startNode } from '../../agents/node.ts';
import { hasHole } from '../../agents/hole.ts';
import { checkpointOf, nodeOwner, replayNodeLog } from '../../agents/nodeLog.ts';
import type { Node } from '../../agents/nodeTypes.ts';
import { GATE_ADDRESS } from '../../agents/protocol.ts';
import { createConductor } from '../../fleet/conductor.ts';
import type { Conductor } from '../../fleet/plan.ts';
import { nodeCount, placeAgents, regionOf } from '../../fleet/placement.ts';
import { duration } from '../../fleet/story.ts';
import type { FleetNews } from '../../fleet/ports.ts';
import type { CrashMemoryView } from '../../fleet/views.ts';
import { linkTroubles } from '../../faults/linkTroubles.ts';
import { GATE, incarnation, nodeId } from '../../kernel/ids.ts';
import type { Embed } from '../../provider/cache/semanticIndex.ts';
import { createDesk } from '../../provider/desk.ts';
import type { FetchHandler } from '../../provider/port.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { builtInCorpus, createLibrary, type Corpus } from './corpora.ts';
import { readRecord, writeRecord } from './groveRecord.ts';
import { liveChannels } from './liveChannels.ts';
import { leftOut, liveStorm, worstWeather } from './livePlan.ts';
import { openIdbAnswerStore } from './idbAnswerStore.ts';
import { createLiveEnv } from './liveEnv.ts';
import { portChannels } from './portChannels.ts';
import { createPortExchange } from './portExchange.ts';
import { newsChannel } from './nodeControl.ts';
import { journalOver } from './journalPort.ts';
import type { Progress } from './memoryTransfer.ts';
import { watchCrashMemory, type CrashWatch } from './crashWatch.ts';
import { serveFetch } from './fetchPort.ts';
import type { ProviderControl } from './providerControl.ts';
import { spawnNode, spawnProvider, spawnStore, type Controlled } from './workers.ts';

/** Known-item questions prepared in all, spread over the agents. */
const KNOWN_ITEMS = 800;

export interface LiveGroveConfig {
  readonly scenario: Scenario;
  readonly database: string;
  readonly baseUrl: string;
  /** `monotonicNow` at the grove's time zero. */
  readonly epochMs: number;
  readonly openedAgoMs: number;
  /** A corpus to remember instead of what crash memory or the site has. */
  readonly corpus: Corpus | null;
  /** The key of a real endpoint, and the browser's own model; see `sourceRefusal`. */
  readonly key: string | null;
  readonly builtIn: FetchHandler | null;
  /** See `StoreOptions.cleanEnd`. */
  readonly cleanEnd: string | null;
  /** Hears how crash memory is, about twice a second, from its opening on. */
  readonly onCrashMemory: (view: CrashMemoryView) => void;
}

/** A grove of real workers. */
export interface LiveGrove {
  readonly conductor: Conductor;
  readonly gate: Gate;
  readonly corpus: Corpus;
  /** All of crash memory in one file; rejects with a sentence. */
  exportFile(progress: Progress): Promise<Blob>;
  /** Ends the export under way. */
  cancelExport(): void;
  /** Moves counts that are taken in intervals to where they are read. */
  refresh(): void;
  /** Ends all workers. Crash memory keeps what it has. */
  close(): void;
}

/** The browser's own model is reached through the page: a way to it is laid for each start. */
function openProvider(
  control: Controlled<ProviderControl>['control'],
  { scenario, epochMs, key, builtIn, baseUrl }: LiveGroveConfig,
): Promise<void> {
  const { provider, seed } = scenario;
  if (provider.source !== 'browser' || builtIn === null)
    return control.open(provider, seed, epochMs, {
      key: provider.source === 'url' ? key : null,
      pageUrl: baseUrl,
      builtIn: null,
    });
  const { port1, port2 } = new MessageChannel();
  serveFetch(port1, builtIn);
  const real = { key: null, pageUrl: baseUrl, builtIn: port2 };
  return control.open(provider, seed, epochMs, transfer(real, [port2]));
}

/** Opens crash memory, the provider and the gate, and starts the nodes. Rejects with a sentence when one of them cannot be had. */
export async function openLiveGrove(config: LiveGroveConfig): Promise<LiveGrove> {
  const { scenario, epochMs, baseUrl } = config;
  const store = spawnStore();
  const provider = spawnProvider();
  const answers = openIdbAnswerStore(`${config.database}-answers`);
  let watch: CrashWatch | null = null;
  const close = (): void => {
    watch?.stop();
    answers.close();
    store.end();
    provider.end();
  };
  try {
    const grove = `treering-${Math.random().toString(36).slice(2, 10)}`;
    const env = createLiveEnv(epochMs, `${scenario.seed}/conductor`);
    const { count, pool, documents } = scenario.agents;
    const nodes = nodeCount(count, pool);
    await Promise.race([
      Promise.all([
        store.control.open(config.database, epochMs, {
          groupCommitMs: scenario.memory.groupCommitMs,
          durability: scenario.memory.durability,
          cleanEnd: config.cleanEnd,
          nodes,
        }),
        openProvider(provider.control, config),
      ]),
      store.failed,
      provider.failed,
    ]);

    watch = await watchCrashMemory(store.control, config.onCrashMemory);

    const wanted = scenario.resume && config.corpus === null;
    const kept = wanted ? await store.control.readGrove() : [];
    // Damage must not cost more than what was damaged: without its record the grove goes on as it is asked for now.
    const isRecordLost = hasHole(kept);
    const earlier = isRecordLost ? null : readRecord(kept);
    const corpus = config.corpus ?? earlier?.own ?? (await builtInCorpus(baseUrl, documents));
    const goesOn =
      isRecordLost ||
      (earlier !== null &&
        earlier.record.corpusId === corpus.id &&
        earlier.record.agents === count &&
        earlier.record.pool === pool);
    let carried = 0;
    if (goesOn) carried = await store.control.carryOver(nodes);
    else {
      await store.control.forget();
      answers.clear();
    }
    if (!goesOn || isRecordLost) await store.control.writeGrove(writeRecord(corpus, scenario.agents));

    const titled = corpus.titles.map((title, i) => ({ title, passages: corpus.passages[i]! }));
    const charges = chargesOf(titled, count);
    const placement = placeAgents(count, nodes);
    const news = new BroadcastChannel(newsChannel(grove));
    const { regions } = scenario.fleet;
    /** No question is like another until the word vectors are there. */
    let embed: Embed = () => null;
    if (scenario.provider.semanticFrom > 0)
      void import('./wordVectors.ts').then(async ({ fetchWordVectors, unitVectors }) => {
        const model = await fetchWordVectors(baseUrl);
        if (model.ok) embed = unitVectors(model.value);
        else conductor.warn(`${model.error.message} Only equal questions share an answer.`);
      });
    const desk = createDesk(env, scenario.provider, {
      regions: regions.length,
      regionOf: (node) => regions.indexOf(regionOf(node, nodes, regions)),
      store: answers,
      embed: (text) => embed(text),
    });
    const directory = createDirectoryDesk(env);
    const library = createLibrary(corpus);
    const agents = charges.map((c) => c.id);
    const nodeOf = new Map<string, number>(agents.map((id, i) => [id, placement[i]!]));

    const gateJournal = new MessageChannel();
    await store.control.connect(GATE, 1, transfer(gateJournal.port1, [gateJournal.port1]));
    const journal = journalOver(gateJournal.port2, (fn) => fn);
    const gateLog = await new Promise<readonly string[]>((resolve, reject) => {
      journal.load([nodeOwner(GATE)], (r) =>
        r.ok ? resolve(r.value[0] ?? []) : reject(new Error(r.error.message)),
      );
    });
    const gateState = replayNodeLog(gateLog);
    if (hasHole(gateLog))
      journal.checkpoint(nodeOwner(GATE), [JSON.stringify(checkpointOf(gateState))], () => undefined);

    let node: Node | null = null;
    const gate = createGate(env, {
      agents,
      deadlineMs: scenario.agents.deadlineMs,
      zipf: scenario.load.zipf,
      run: grove.slice(-6),
      send: (to, kind, body) => node?.send(GATE_ADDRESS, to, kind, body) ?? false,
      errandHops: scenario.load.errandHops,
      errandsPerS: scenario.load.errandsPerS,
      onEnd: (interaction) => conductor.noteEnd(interaction),
      onSlept: (ms) =>
        conductor.warn(`The machine slept for ${duration(ms)}; questions of that time were not put.`),
    });
    const delayMsFrom = (from: number): number[] =>
      Array.from({ length: nodes + 1 }, (_, to) =>
        regionOf(from, nodes, scenario.fleet.regions) === regionOf(to, nodes, scenario.fleet.regions)
          ? 0
          : scenario.fleet.interRegionMs,
      );
    const exchange = createPortExchange();
    const gateLine = new MessageChannel();
    exchange.connect(GATE, gateLine.port1);
    const gateWires =
      scenario.bus.transport === 'ports' ? portChannels(gateLine.port2, liveChannels) : liveChannels;
    const weather = worstWeather(scenario.faults);
    const gateLinks = linkTroubles(env, gateWires, grove, GATE, delayMsFrom(GATE), weather);
    const conductor = createConductor(
      env,
      {
        hosts: {
          spawn(id, inc, events) {
            return spawnNode(
              grove,
              id,
              inc,
              {
                store: store.control,
                provider: provider.control,
                desk: desk.portFor(id),
                directory,
                library,
                exchange,
                boot: {
                  epochMs,
                  heartbeatMs: scenario.fleet.heartbeatMs,
                  delayMsTo: delayMsFrom(id),
                  weather,
                },
              },
              events,
            );
          },
          announce(item: FleetNews) {
            news.postMessage(item);
            if (item.type === 'restarted') node?.peerRestarted(nodeId(item.node), incarnation(item.inc));
            if (item.type === 'given up') node?.abandon(nodeId(item.node), item.reason);
          },
        },
        desk,
        learn: (entries) => directory.learn(entries),
        forget: (gone) => directory.forget(gone),
        committed: (ids) => store.control.committed(ids),
        ledger: () => store.control.ledger(),
        wire: () => provider.control.counts(),
        gateBus: () => node && { ...node.report(), hurt: gateLinks.hurt },
        gateLinks,
        disturbProvider: (slowdown, failing) => void provider.control.disturb(slowdown, failing),
      },
      gate,
      {
        fleet: scenario.fleet,
        charges,
        placement,
        nodes,
        corpus: {
          name: corpus.name,
          credit: corpus.credit,
          documents: corpus.titles.length,
          own: corpus.source.type === 'own',
        },
        spec: {
          grove,
          seed: scenario.seed,
          corpus: corpus.id,
          options: {
            bus: scenario.bus,
            memory: scenario.memory,
            agents: scenario.agents,
            provider: scenario.provider,
          },
          ring: new Date().getFullYear().toString(),
          date: new Date().toISOString().slice(0, 10),
          knownItems: Math.max(1, Math.ceil(KNOWN_ITEMS / count)),
        },
        questionsPerS: scenario.load.questionsPerS,
        killEveryMs: scenario.faults.killEveryMs,
        storm: liveStorm(scenario, nodes),
        resumed: goesOn,
        carriedMessages: carried,
        openedAgoMs: config.openedAgoMs,
      },
    );
    node = startNode(
      env,
      gateLinks.channels,
      journal,
      {
        grove,
        self: GATE,
        inc: incarnation(1),
        bus: scenario.bus,
        nodeOf: (address) => {
          const found = nodeOf.get(address);
          return found === undefined ? undefined : nodeId(found);
        },
        onFailure: (error) => conductor.fail(`Crash memory said no: ${error.message}`),
        onPoison: (what) => conductor.warn(what),
      },
      gateState,
      [{ id: GATE_ADDRESS, behaviour: gate.behaviour, memory: null }],
    );
    const gateNode = node;
    let closed = false;
    // Without crash memory or the provider there is nothing to go on with.
    for (const { failed } of [store, provider])
      failed.catch((e: unknown) => {
        if (!closed) conductor.fail(e instanceof Error ? e.message : String(e));
      });
    conductor.start();
    const missing = leftOut(scenario.faults);
    if (missing.length > 0)
      conductor.warn(`Only the virtual world has ${missing.join(', ')}; this live grove goes without.`);
    watch.tellTo((sentence) => conductor.warn(sentence));
    return {
      exportFile: (progress) => store.control.exportFile(proxy(progress)),
      cancelExport: () => void store.control.cancel(),
      conductor,
      gate,
      corpus,
      refresh() {
        for (const [to, messages] of gateNode.takeTraffic()) conductor.noteTraffic(GATE, to, messages);
      },
      close() {
        if (closed) return;
        closed = true;
        conductor.stop();
        gateNode.close();
        news.close();
        close();
      },
    };
  } catch (e) {
    close();
    throw e;
  }
}
