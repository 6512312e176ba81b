import type { Channel, ChannelPort } from '../bus/channel.ts';
import type { Env } from '../kernel/env.ts';

/** What happens to frames that a node posts. Chances in [0, 1]; what is left out does not happen. */
export interface ChannelTrouble {
  /** Chance that a frame is lost. */
  readonly loss: number;
  /** Added to a frame's way, ms. */
  readonly delayMs: number;
  /** Chance that a frame arrives twice. */
  readonly duplication?: number;
  /** Chance that a frame is overtaken: it takes up to `reorderMs` longer, and those behind it do not wait. */
  readonly reordering?: number;
  readonly reorderMs?: number;
}

/** Frames that did not travel as they were posted. */
export interface HurtFrames {
  lost: number;
  duplicated: number;
  overtaken: number;
  /** Late, and in order all the same. */
  delayed: number;
}

export interface FaultyChannels extends ChannelPort {
  readonly hurt: Readonly<HurtFrames>;
}

/**
 * Wraps a channel port so that frames posted on some channels are lost, doubled, overtaken or late. The decision is made per
 * frame, by the channel's name; delays keep the order of a channel but for frames that are overtaken.
 */
export function faultyChannels(
  env: Env,
  inner: ChannelPort,
  troubleOf: (channel: string) => ChannelTrouble | null,
): FaultyChannels {
  const rng = env.random('channel faults');
  const hurt: HurtFrames = { lost: 0, duplicated: 0, overtaken: 0, delayed: 0 };
  const befalls = (chance: number | undefined): boolean =>
    chance !== undefined && chance > 0 && rng.next() < chance;
  return {
    hurt,
    open(name, receive): Channel {
      const channel = inner.open(name, receive);
      let lastDueMs = 0;
      let closing = false;
      let underWay = 0;

      function carry(frame: unknown, dueMs: number): void {
        const nowMs = env.now();
        if (dueMs <= nowMs) return channel.post(frame);
        underWay++;
        // What the wire carries was fixed when it was posted: later changes of the sender's objects must not show.
        const copy = structuredClone(frame);
        env.setTimer(dueMs - nowMs, () => {
          channel.post(copy);
          if (--underWay === 0 && closing) channel.close();
        });
      }

      function postOnce(frame: unknown, trouble: ChannelTrouble | null): void {
        const dueMs = Math.max(lastDueMs, env.now() + (trouble?.delayMs ?? 0));
        if (trouble && befalls(trouble.reordering)) {
          hurt.overtaken++;
          return carry(frame, dueMs + rng.next() * (trouble.reorderMs ?? 0));
        }
        if (dueMs > env.now()) {
          hurt.delayed++;
          lastDueMs = dueMs;
        }
        carry(frame, dueMs);
      }

      return {
        post(frame) {
          const trouble = troubleOf(name);
          if (trouble && befalls(trouble.loss)) {
            hurt.lost++;
            return;
          }
          postOnce(frame, trouble);
          if (!trouble || !befalls(trouble.duplication)) return;
          hurt.duplicated++;
          postOnce(frame, trouble);
        },
        close() {
          closing = true;
          if (underWay === 0) channel.close();
        },
      };
    },
  };
}
