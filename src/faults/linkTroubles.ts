import { pairChannel, type ChannelPort } from '../bus/channel.ts';
import type { Env } from '../kernel/env.ts';
import { faultyChannels, type ChannelTrouble } from './channels.ts';

/** The links of one node, which can be disturbed one by one for a while. */
export interface LinkTroubles {
  readonly channels: ChannelPort;
  /** Frames posted to node `to` are lost with chance `loss`, or late, for so long. */
  disturb(to: number, loss: number, delayMs: number, forMs: number): void;
}

/**
 * Wraps a node's channels.
 * @param delayMsTo what every frame to a node takes in any case, by node: the way between regions
 */
export function linkTroubles(
  env: Env,
  inner: ChannelPort,
  grove: string,
  self: number,
  delayMsTo: readonly number[],
): LinkTroubles {
  const troubles = new Map<string, ChannelTrouble & { readonly untilMs: number }>();
  const regional = new Map<string, ChannelTrouble>();
  delayMsTo.forEach((delayMs, to) => {
    if (delayMs > 0) regional.set(pairChannel(grove, self, to), { loss: 0, delayMs });
  });
  return {
    channels: faultyChannels(env, inner, (name) => {
      const trouble = troubles.get(name);
      if (trouble && env.now() < trouble.untilMs) return trouble;
      return regional.get(name) ?? null;
    }),
    disturb: (to, loss, delayMs, forMs) =>
      void troubles.set(pairChannel(grove, self, to), { loss, delayMs, untilMs: env.now() + forMs }),
  };
}
