import { isPairChannel, type ChannelPort } from '../../bus/channel.ts';
import { takeOut, type Envelope } from './envelope.ts';
import type { ExchangeAnswer, ExchangeRequest } from './portExchange.ts';

/** Frames kept for a channel whose other end is not open yet; more are lost, as they would be on a BroadcastChannel. */
const WAITING_MAX = 16;

/**
 * MessagePorts behind the bus's channel port, for the channels between two nodes; every other name goes to `others`.
 * @param line leads to a `PortExchange`, which brings the ends together
 */
export function portChannels(line: MessagePort, others: ChannelPort): ChannelPort {
  const joined = new Map<string, (port: MessagePort) => void>();
  line.onmessage = (event: MessageEvent<Envelope<ExchangeAnswer>>) => {
    const join = joined.get(takeOut(event).name);
    const port = event.ports[0]!;
    if (join) join(port);
    else port.close();
  };
  const ask = (request: ExchangeRequest): void => line.postMessage([request]);
  return {
    open(name, receive) {
      if (!isPairChannel(name)) return others.open(name, receive);
      if (joined.has(name)) throw new Error(`the channel ${name} is open already`);
      let port: MessagePort | null = null;
      let waiting: unknown[] = [];
      joined.set(name, (end) => {
        port?.close();
        port = end;
        end.onmessage = (event: MessageEvent<Envelope<unknown>>) => receive(takeOut(event));
        for (const frame of waiting) end.postMessage([frame]);
        waiting = [];
      });
      ask({ type: 'open', name });
      return {
        post(frame) {
          if (port) port.postMessage([frame]);
          else if (waiting.length < WAITING_MAX) waiting.push(structuredClone(frame));
        },
        close() {
          joined.delete(name);
          port?.close();
          ask({ type: 'close', name });
        },
      };
    },
  };
}
