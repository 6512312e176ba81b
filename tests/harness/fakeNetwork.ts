import type { ChannelPort } from '../../src/bus/channel.ts';
import type { Env } from '../../src/kernel/env.ts';

/** How badly the network behaves; chances in [0, 1]. */
export interface Weather {
  readonly loss: number;
  readonly duplication: number;
  /** Delays are uniform between 0 and this: larger than the gap between frames, they reorder. */
  readonly delayMsMax: number;
}

export interface FakeNetwork {
  /** The port of one node; `cut` makes the node deaf and dumb for good, as when its worker is terminated. */
  port(): ChannelPort & { cut(): void };
  weather: Weather;
  posted: number;
}

/** Broadcast channels in memory: what is posted is cloned, and may be lost, doubled, late or out of order. */
export function createFakeNetwork(env: Env, weather: Weather): FakeNetwork {
  const rng = env.random('fake network');
  const handles = new Map<string, Set<{ receive: (frame: unknown) => void; alive: () => boolean }>>();
  const network: FakeNetwork = {
    weather,
    posted: 0,
    port() {
      let alive = true;
      return {
        cut() {
          alive = false;
        },
        open(name, receive) {
          const handle = { receive, alive: () => alive };
          const set = handles.get(name) ?? new Set();
          handles.set(name, set.add(handle));
          return {
            post(frame) {
              if (!alive) return;
              network.posted++;
              const { loss, duplication, delayMsMax } = network.weather;
              for (const other of set) {
                if (other === handle || rng.next() < loss) continue;
                const copies = rng.next() < duplication ? 2 : 1;
                for (let i = 0; i < copies; i++) {
                  const copy = structuredClone(frame);
                  env.setTimer(rng.next() * delayMsMax, () => {
                    if (other.alive() && set.has(other)) other.receive(copy);
                  });
                }
              }
            },
            close: () => void set.delete(handle),
          };
        },
      };
    },
  };
  return network;
}
