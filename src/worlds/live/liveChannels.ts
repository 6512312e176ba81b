import type { ChannelPort } from '../../bus/channel.ts';
import { takeOut, type Envelope } from './envelope.ts';

/** BroadcastChannel behind the bus's channel port. */
export const liveChannels: ChannelPort = {
  open(name, receive) {
    const channel = new BroadcastChannel(name);
    channel.onmessage = (event: MessageEvent<Envelope<unknown>>) => receive(takeOut(event));
    return {
      post: (frame) => channel.postMessage([frame]),
      close: () => channel.close(),
    };
  },
};
