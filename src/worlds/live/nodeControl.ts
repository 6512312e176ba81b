import type { AgentInspection, NodeReady, NodeSpec, NodeTelemetry } from '../../agents/contract.ts';
import { hostNode, type Host } from '../../agents/host.ts';
import { linkTroubles, type LinkTroubles } from '../../faults/linkTroubles.ts';
import { pausable } from '../../faults/pause.ts';
import type { Weather } from '../../faults/weather.ts';
import type { FleetNews, LinkFaults } from '../../fleet/ports.ts';
import type { AgentId, NodeId } from '../../kernel/ids.ts';
import type { KnownItem } from '../../memory/knownItems.ts';
import { holdLifeLock } from './deathWatch.ts';
import { journalOver } from './journalPort.ts';
import { liveChannels } from './liveChannels.ts';
import { createLiveEnv } from './liveEnv.ts';
import { portChannels } from './portChannels.ts';
import { createCaller } from './portCalls.ts';
import { fetchOver } from './fetchPort.ts';
import { corpusOver, deskOver, directoryOver } from './remotePorts.ts';

/** What a node's worker needs beside the spec that every world gives a node. */
export interface NodeBoot {
  readonly spec: NodeSpec;
  readonly epochMs: number;
  readonly lock: string;
  readonly heartbeatMs: number;
  /** Frames between regions are late by this: by node. */
  readonly delayMsTo: readonly number[];
  /** What the weather of one of its links may be at most, when it is bad. */
  readonly weather: Weather;
}

/** What a node's worker posts on its event port. */
export type NodeEvent =
  | { readonly type: 'alive' }
  | { readonly type: 'beat'; readonly telemetry: NodeTelemetry | null }
  | { readonly type: 'failure'; readonly message: string }
  | { readonly type: 'warning'; readonly message: string };

export interface NodePorts {
  readonly journal: MessagePort;
  readonly provider: MessagePort;
  /** The conductor: the API manager's desk, the directory, and the documents of the corpus. */
  readonly desk: MessagePort;
  readonly events: MessagePort;
  /** The exchange of ports between nodes. */
  readonly exchange: MessagePort;
}

/** The Comlink contract of a node's worker. */
export interface NodeControl {
  start(boot: NodeBoot, ports: NodePorts): Promise<NodeReady>;
  pause(forMs: number): void;
  /** Something befalls its links. What is told before `start` counts from then on. */
  trouble<K extends keyof LinkFaults>(kind: K, ...args: Parameters<LinkFaults[K]>): void;
  knownItems(): KnownItem[];
  inspect(agent: string): AgentInspection | null;
}

/** The channel on which a grove's nodes hear from their supervisor. */
export const newsChannel = (grove: string): string => `${grove}/news`;

/** A node in this worker: the ports of the browser, wrapped so that they can be broken by hand, and the host over them. */
export function createNodeControl(): NodeControl {
  let host: Host | null = null;
  let pauseNode: (forMs: number) => void = () => undefined;
  let links: LinkTroubles | null = null;
  let early: ((links: LinkTroubles) => void)[] = [];
  return {
    async start(boot, ports) {
      const { spec } = boot;
      const post = (event: NodeEvent): void => ports.events.postMessage([event]);
      await holdLifeLock(boot.lock);
      post({ type: 'alive' });

      const raw = createLiveEnv(boot.epochMs, `${spec.seed}/node/${spec.self}`);
      const wires =
        spec.options.bus.transport === 'ports' ? portChannels(ports.exchange, liveChannels) : liveChannels;
      const troubled = linkTroubles(raw, wires, spec.grove, spec.self, boot.delayMsTo, boot.weather);
      const { env, channels, gate, pause } = pausable(raw, troubled.channels);
      pauseNode = pause;
      links = troubled;
      for (const befall of early) befall(troubled);
      early = [];

      const conductor = createCaller(ports.desk, gate);
      host = await hostNode(
        {
          env,
          channels,
          journal: journalOver(ports.journal, gate),
          fetch: fetchOver(createCaller(ports.provider, gate)),
          desk: deskOver(conductor),
          corpus: corpusOver(conductor),
          directory: directoryOver(conductor),
          onFailure: (message) => post({ type: 'failure', message }),
          onWarning: (message) => post({ type: 'warning', message }),
        },
        spec,
      );

      const running = host;
      channels.open(newsChannel(spec.grove), (message) => {
        const news = message as FleetNews;
        if (news.type === 'restarted') running.peerRestarted(news.node as NodeId, news.inc);
        else running.abandon(news.node as NodeId, news.reason);
      });
      const beat = (): void => {
        const telemetry = running.telemetry();
        // Frames that faults hurt were posted, and so are something that happened.
        post({ type: 'beat', telemetry: telemetry && { ...telemetry, hurt: { ...troubled.hurt } } });
        env.setTimer(boot.heartbeatMs, beat);
      };
      beat();
      return running.ready;
    },
    pause: (forMs) => pauseNode(forMs),
    trouble(kind, ...args) {
      const befall = (on: LinkTroubles): void => (on[kind] as (...a: typeof args) => void)(...args);
      if (links) befall(links);
      else early.push(befall);
    },
    knownItems: () => host?.knownItems() ?? [],
    inspect: (agent) => host?.inspect(agent as AgentId) ?? null,
  };
}
