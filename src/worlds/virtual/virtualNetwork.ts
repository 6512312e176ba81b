import type { Channel, ChannelPort } from '../../bus/channel.ts';
import type { Weather } from '../../faults/weather.ts';
import { createRng } from '../../kernel/rng.ts';
import { EVENT } from './eventLog.ts';
import type { VirtualProcess } from './virtualEnv.ts';
import type { VirtualWorld } from './virtualWorld.ts';

export interface NetworkCounts {
  posted: number;
  delivered: number;
  lost: number;
  duplicated: number;
  overtaken: number;
  /** Posted across a partition. */
  cut: number;
}

/** Broadcast channels between processes of one virtual world. */
export interface VirtualNetwork {
  weather: Weather;
  /** Frames between these nodes and the rest do not arrive, for so long or until another partition begins. */
  part(nodes: readonly number[], forMs: number): void;
  readonly counts: NetworkCounts;
  /** A process's way to the channels: deaf and dumb once the process has ended. */
  portOf(process: VirtualProcess): ChannelPort;
}

interface Handle {
  readonly process: VirtualProcess;
  readonly receive: (frame: unknown) => void;
  open: boolean;
  /** When the last frame that kept its order arrives. */
  lastDueMs: number;
}

/** @param regionMs one-way delay between two nodes on top of the weather */
export function createVirtualNetwork(
  world: VirtualWorld,
  weather: Weather,
  regionMs: (from: number, to: number) => number = () => 0,
): VirtualNetwork {
  const { clock, log, wire } = world;
  const rng = createRng(`${world.seed}/network`);
  const channels = new Map<string, Handle[]>();
  const counts = { posted: 0, delivered: 0, lost: 0, duplicated: 0, overtaken: 0, cut: 0 };

  let partition: ReadonlySet<number> | null = null;

  function deliver(to: Handle, copy: unknown, fingerprint: number): void {
    if (!to.open || !to.process.alive) return;
    counts.delivered++;
    log.add(clock.nowMs, to.process.node, EVENT.frame, fingerprint);
    to.receive(copy);
  }

  function send(to: Handle, from: number, frame: unknown): void {
    const { loss, duplication, reordering, reorderMs, delayMs, jitterMs } = network.weather;
    const node = to.process.node;
    if (partition !== null && partition.has(from) !== partition.has(node)) {
      counts.cut++;
      return;
    }
    if (loss > 0 && rng.next() < loss) {
      counts.lost++;
      return;
    }
    const twice = duplication > 0 && rng.next() < duplication;
    if (twice) counts.duplicated++;
    for (let i = twice ? 2 : 1; i > 0; i--) {
      const copy = wire.clone(frame);
      const { fingerprint } = wire;
      let dueMs = clock.nowMs + delayMs + regionMs(from, node);
      if (jitterMs > 0) dueMs += rng.next() * jitterMs;
      if (reordering > 0 && rng.next() < reordering) {
        counts.overtaken++;
        dueMs += rng.next() * reorderMs;
      } else {
        if (dueMs < to.lastDueMs) dueMs = to.lastDueMs;
        to.lastDueMs = dueMs;
      }
      clock.at(dueMs, () => deliver(to, copy, fingerprint));
    }
  }

  const network: VirtualNetwork = {
    weather,
    part(nodes, forMs) {
      const side = (partition = new Set(nodes));
      clock.at(clock.nowMs + forMs, () => {
        if (partition === side) partition = null;
      });
    },
    counts,
    portOf: (process) => ({
      open(name, receive): Channel {
        const handle: Handle = { process, receive, open: true, lastDueMs: 0 };
        let handles = channels.get(name);
        if (!handles) channels.set(name, (handles = []));
        const all = handles;
        all.push(handle);
        return {
          post(frame) {
            if (!process.alive) return;
            counts.posted++;
            // Handles of ended processes are swept when somebody notices them.
            for (let i = 0; i < all.length; i++) {
              const other = all[i]!;
              if (other === handle) continue;
              if (other.process.alive) send(other, process.node, frame);
              else all.splice(i--, 1);
            }
          },
          close() {
            handle.open = false;
            const i = all.indexOf(handle);
            if (i >= 0) all.splice(i, 1);
          },
        };
      },
    }),
  };
  return network;
}
