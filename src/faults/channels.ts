import type { Channel, ChannelPort } from '../bus/channel.ts';
import type { Env } from '../kernel/env.ts';

/** What happens to frames that a node posts. */
export interface ChannelTrouble {
  /** Chance in [0, 1] that a frame is lost. */
  readonly loss: number;
  /** Added to a frame's way, ms. */
  readonly delayMs: number;
}

export interface FaultyChannels extends ChannelPort {
  /** Frames lost so far. */
  readonly lost: number;
  /** Frames held back so far. */
  readonly delayed: number;
}

/**
 * Wraps a channel port so that frames posted on some channels are lost or late. The decision is made per frame, by the
 * channel's name; delays keep the order of a channel.
 */
export function faultyChannels(
  env: Env,
  inner: ChannelPort,
  troubleOf: (channel: string) => ChannelTrouble | null,
): FaultyChannels {
  const rng = env.random('channel faults');
  let lost = 0;
  let delayed = 0;
  return {
    get lost() {
      return lost;
    },
    get delayed() {
      return delayed;
    },
    open(name, receive): Channel {
      const channel = inner.open(name, receive);
      let lastDueMs = 0;
      let closing = false;
      let underWay = 0;
      return {
        post(frame) {
          const trouble = troubleOf(name);
          if (trouble && trouble.loss > 0 && rng.next() < trouble.loss) {
            lost++;
            return;
          }
          const dueMs = Math.max(lastDueMs, env.now() + (trouble?.delayMs ?? 0));
          if (dueMs <= env.now()) {
            channel.post(frame);
            return;
          }
          lastDueMs = dueMs;
          delayed++;
          underWay++;
          // What the wire carries was fixed when it was posted: later changes of the sender's objects must not show.
          const copy = structuredClone(frame);
          env.setTimer(dueMs - env.now(), () => {
            channel.post(copy);
            if (--underWay === 0 && closing) channel.close();
          });
        },
        close() {
          closing = true;
          if (underWay === 0) channel.close();
        },
      };
    },
  };
}
