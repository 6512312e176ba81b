import { dialChannel, pairChannel, type ChannelPort } from '../bus/channel.ts';
import type { Env } from '../kernel/env.ts';
import { faultyChannels, type ChannelTrouble, type HurtFrames } from './channels.ts';
import { FAIR_WEATHER, type Weather } from './weather.ts';

/** The links of one node, which can be disturbed for a while: one by one, cut off, or all by bad weather. */
export interface LinkTroubles {
  readonly channels: ChannelPort;
  readonly hurt: Readonly<HurtFrames>;
  /** Frames posted to node `to` are lost with chance `loss`, or late, for so long. */
  disturb(to: number, loss: number, delayMs: number, forMs: number): void;
  /** Nothing posted to these nodes arrives, for so long. */
  cut(from: readonly number[], forMs: number): void;
  /** The weather is bad for so long: every link has its share of it, drawn for each by itself. */
  blow(forMs: number): void;
}

interface Passing {
  readonly trouble: ChannelTrouble;
  readonly untilMs: number;
}

const CUT: ChannelTrouble = { loss: 1, delayMs: 0 };

/**
 * Wraps a node's channels. Of several troubles of one link one is felt: a cut before what befell this link alone, and that
 * before the weather.
 * @param delayMsTo what every frame to a node takes in any case, by node: the way between regions
 * @param worst what the weather of one link may be at most
 */
export function linkTroubles(
  env: Env,
  inner: ChannelPort,
  grove: string,
  self: number,
  delayMsTo: readonly number[],
  worst: Weather = FAIR_WEATHER,
): LinkTroubles {
  /** The node to which a channel leads, by name; null for another channel. It is asked for every frame. */
  const nodes = new Map<string, number | null>();
  const cuts = new Map<number, number>();
  const single = new Map<number, Passing>();
  const drawn = new Map<number, ChannelTrouble>();
  let weatherUntilMs = 0;

  function nodeOf(channel: string): number | null {
    let to = nodes.get(channel);
    if (to === undefined) {
      const last = Number(/\d+$/.exec(channel)?.[0] ?? NaN);
      to = [pairChannel(grove, self, last), dialChannel(grove, last)].includes(channel) ? last : null;
      nodes.set(channel, to);
    }
    return to;
  }

  const regional = (to: number): ChannelTrouble | null => {
    const delayMs = delayMsTo[to] ?? 0;
    return delayMs > 0 ? { loss: 0, delayMs } : null;
  };

  function weatherOn(to: number): ChannelTrouble {
    let trouble = drawn.get(to);
    if (!trouble) {
      const rng = env.random(`weather to ${to}`);
      trouble = {
        loss: rng.next() * worst.loss,
        duplication: rng.next() * worst.duplication,
        reordering: rng.next() * worst.reordering,
        reorderMs: worst.reorderMs,
        delayMs: (delayMsTo[to] ?? 0) + rng.next() * worst.jitterMs,
      };
      drawn.set(to, trouble);
    }
    return trouble;
  }

  function troubleOf(channel: string): ChannelTrouble | null {
    const to = nodeOf(channel);
    if (to === null) return null;
    const nowMs = env.now();
    if (nowMs < (cuts.get(to) ?? 0)) return CUT;
    const own = single.get(to);
    if (own && nowMs < own.untilMs) return own.trouble;
    if (nowMs < weatherUntilMs) return weatherOn(to);
    return regional(to);
  }

  const channels = faultyChannels(env, inner, troubleOf);
  return {
    channels,
    hurt: channels.hurt,
    disturb: (to, loss, delayMs, forMs) =>
      void single.set(to, { trouble: { loss, delayMs }, untilMs: env.now() + forMs }),
    cut(from, forMs) {
      for (const to of from) cuts.set(to, env.now() + forMs);
    },
    blow(forMs) {
      weatherUntilMs = env.now() + forMs;
    },
  };
}
