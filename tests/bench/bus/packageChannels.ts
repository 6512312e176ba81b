import { BroadcastChannel as PackageChannel } from 'broadcast-channel';
import type { ChannelPort } from '../../../src/bus/channel.ts';

/** The npm package `broadcast-channel` over the browser's own channels, behind the bus's channel port. */
export const packageChannels: ChannelPort = {
  open(name, receive) {
    const channel = new PackageChannel<unknown>(name, { type: 'native', webWorkerSupport: true });
    channel.onmessage = receive;
    return {
      post: (frame) => void channel.postMessage(frame),
      close: () => void channel.close(),
    };
  },
};
