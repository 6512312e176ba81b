import { hostNode, type Host } from '../../agents/host.ts';
import type { CorpusPort, DirectoryPort } from '../../agents/contract.ts';
import { linkTroubles } from '../../faults/linkTroubles.ts';
import { pausable } from '../../faults/pause.ts';
import type { FleetNews, HostEvents, HostHandle } from '../../fleet/ports.ts';
import type { AgentId, NodeId } from '../../kernel/ids.ts';
import type { JournalPort } from '../../memory/journal.ts';
import type { DeskPort, FetchHandler } from '../../provider/port.ts';
import { createVirtualProcess, type MachineClock, type VirtualProcess } from './virtualEnv.ts';
import type { VirtualNetwork } from './virtualNetwork.ts';
import { createVirtualPort, deskOver, directoryOver, fetchOver, journalOver } from './virtualPorts.ts';
import type { VirtualWorld } from './virtualWorld.ts';

/** What a node's process is connected to, each thing in a process of its own. */
export interface HostSurroundings {
  readonly grove: string;
  readonly network: VirtualNetwork;
  readonly conductor: VirtualProcess;
  readonly store: VirtualProcess;
  readonly journal: JournalPort;
  readonly desk: DeskPort;
  readonly directory: DirectoryPort;
  readonly corpus: CorpusPort;
  readonly fetch: FetchHandler;
  readonly heartbeatMs: number;
  readonly delayMsTo: readonly number[];
  readonly machine: MachineClock;
}

/** A node in a process of virtual time. */
export interface VirtualHost extends HostHandle {
  hear(news: FleetNews): void;
  /** How long it goes on after `terminate`, as a worker in synchronous code does. */
  zombieMs: number;
  /** Ends it without a notice to anybody. */
  powerOff(): void;
}

/** From the spawning of a worker to its first line; from its death to its notice. */
const SPAWN_MS = 20;
const NOTICED_MS = 5;

/** The virtual counterpart of a node's worker: the same host, the same wrappers for faults, other ports. */
export function spawnVirtualHost(
  world: VirtualWorld,
  node: number,
  inc: number,
  around: HostSurroundings,
  events: HostEvents,
): VirtualHost {
  const { clock } = world;
  const process = createVirtualProcess(world, node, `node/${node}`, around.machine);
  const links = linkTroubles(
    process.env,
    around.network.portOf(process),
    around.grove,
    node,
    around.delayMsTo,
  );
  const { env, channels, gate, pause } = pausable(process.env, links.channels);
  const toConductor = createVirtualPort(world, process, around.conductor, gate);
  const toStore = createVirtualPort(world, process, around.store, gate);
  let host: Host | null = null;
  let ending = false;
  const alive = (): boolean => process.alive && !ending;
  const handle: VirtualHost = {
    zombieMs: 0,
    start: (spec) =>
      new Promise((resolve, reject) => {
        clock.at(clock.nowMs + SPAWN_MS, () => {
          if (!process.alive) return;
          hostNode(
            {
              env,
              channels,
              journal: journalOver(world, toStore, around.journal),
              fetch: fetchOver(world, process, gate, around.fetch),
              desk: deskOver(toConductor, around.desk),
              directory: directoryOver(toConductor, around.directory),
              corpus: around.corpus,
              onFailure: (message) => toConductor.post(message, events.onFailure),
              onWarning: (message) => toConductor.post(message, events.onWarning),
            },
            world.wire.copy(spec),
          ).then((up) => {
            host = up;
            const beat = (): void => {
              toConductor.post(up.telemetry(), events.onBeat);
              env.setTimer(around.heartbeatMs, beat);
            };
            beat();
            toConductor.post(up.ready, resolve);
          }, reject);
        });
      }),
    terminate() {
      if (ending) return;
      ending = true;
      clock.at(clock.nowMs + handle.zombieMs, () => process.kill());
      clock.at(clock.nowMs + NOTICED_MS, () => events.onDied());
    },
    release() {
      // One that was terminated ends in its own time, and what it still says is refused.
      if (ending) return;
      ending = true;
      process.kill();
    },
    powerOff() {
      ending = true;
      process.kill();
    },
    pause: (forMs) => pause(forMs),
    links,
    // Who asks a dead one waits, as for a worker that was ended.
    knownItems: () =>
      new Promise((resolve) => {
        if (alive() && host) resolve(host.knownItems());
      }),
    inspect: (agent) => Promise.resolve(alive() ? (host?.inspect(agent as AgentId) ?? null) : null),
    hear(news) {
      if (!process.alive || !host) return;
      if (news.type === 'restarted') host.peerRestarted(news.node as NodeId, news.inc);
      else host.abandon(news.node as NodeId, news.reason);
    },
  };
  return handle;
}
