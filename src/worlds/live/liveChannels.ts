import type { ChannelPort } from '../../bus/channel.ts';

/** BroadcastChannel behind the bus's channel port. */
export const liveChannels: ChannelPort = {
  open(name, receive) {
    const channel = new BroadcastChannel(name);
    channel.onmessage = (event: MessageEvent<unknown>) => receive(event.data);
    return {
      post: (frame) => channel.postMessage(frame),
      close: () => channel.close(),
    };
  },
};
