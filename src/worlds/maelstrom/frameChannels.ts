import { dialChannel, pairChannel, type ChannelPort } from '../../bus/channel.ts';
import { nodeId } from '../../kernel/ids.ts';

/** The bus's channels inside of another transport: frames to a node travel with the channel's name. */
export interface FrameChannels {
  readonly port: ChannelPort;
  /** A frame came in on that channel. */
  hear(channel: string, frame: unknown): void;
}

/**
 * @param peers the numbers of the other nodes
 * @param send takes a frame to that node; it may get lost
 */
export function createFrameChannels(
  grove: string,
  self: number,
  peers: readonly number[],
  send: (to: number, channel: string, frame: unknown) => void,
): FrameChannels {
  /** Who listens on a channel: each has one reader. */
  const reader = new Map<string, number>();
  for (const peer of peers) {
    reader.set(pairChannel(grove, nodeId(self), nodeId(peer)), peer);
    reader.set(dialChannel(grove, nodeId(peer)), peer);
  }
  const open = new Map<string, (frame: unknown) => void>();
  return {
    port: {
      open(name, receive) {
        if (!reader.has(name)) open.set(name, receive);
        return {
          post(frame) {
            const to = reader.get(name);
            if (to !== undefined) send(to, name, frame);
          },
          close() {
            if (open.get(name) === receive) open.delete(name);
          },
        };
      },
    },
    hear: (channel, frame) => open.get(channel)?.(frame),
  };
}
