import { afterEach, expect, test } from 'vitest';
import { pairChannel, type Channel } from '../../src/bus/channel.ts';
import { createEndpoint } from '../../src/bus/endpoint.ts';
import type { Endpoint } from '../../src/bus/endpointTypes.ts';
import { busOptions } from '../../src/bus/options.ts';
import type { Message } from '../../src/bus/wire.ts';
import { incarnation, nodeId } from '../../src/kernel/ids.ts';
import { liveChannels } from '../../src/worlds/live/liveChannels.ts';
import { createLiveEnv, monotonicNow } from '../../src/worlds/live/liveEnv.ts';
import { portChannels } from '../../src/worlds/live/portChannels.ts';
import { createPortExchange, type PortExchange } from '../../src/worlds/live/portExchange.ts';

let groves = 0;
const ends: { close(): void }[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end.close();
});

function lineTo(exchange: PortExchange, node: number): MessagePort {
  const { port1, port2 } = new MessageChannel();
  exchange.connect(node, port1);
  return port2;
}

/** A node's endpoint over ports, and what it heard. */
function nodeOver(
  exchange: PortExchange,
  grove: string,
  self: number,
  inc = 1,
): Endpoint & { heard: unknown[] } {
  const heard: unknown[] = [];
  const endpoint = createEndpoint(
    createLiveEnv(monotonicNow(), `ports/${self}`),
    portChannels(lineTo(exchange, self), liveChannels),
    {
      grove,
      self: nodeId(self),
      inc: incarnation(inc),
      options: busOptions.fallback!(),
      onMessages: (_from, _first, messages) => heard.push(...messages.map((m) => m.body)),
    },
  );
  ends.push(endpoint);
  return { ...endpoint, heard };
}

const message = (body: number): Message => ({ from: 'a', to: 'b', kind: 'test', body, hlc: 0 });
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

test('nodes joined by ports hear everything once and in order, both ways', async () => {
  const exchange = createPortExchange();
  const grove = `ports-${++groves}`;
  const [one, two] = [nodeOver(exchange, grove, 1), nodeOver(exchange, grove, 2)];
  for (const body of upTo(5_000)) {
    one.send(nodeId(2), message(body));
    two.send(nodeId(1), message(body));
  }
  await expect.poll(() => one.unsettled() + two.unsettled()).toBe(0);
  expect(one.heard).toEqual(upTo(5_000));
  expect(two.heard).toEqual(upTo(5_000));
  expect(one.stats.resends + two.stats.resends).toBe(0);
});

test('a node that comes back is joined anew to those that stayed', async () => {
  const exchange = createPortExchange();
  const grove = `ports-${++groves}`;
  const one = nodeOver(exchange, grove, 1);
  const first = nodeOver(exchange, grove, 2);
  one.send(nodeId(2), message(1));
  await expect.poll(() => first.heard).toEqual([1]);
  // What a node closed before its ack was out would be heard again by the one that takes its place.
  await expect.poll(() => one.unsettled()).toBe(0);
  first.close();
  const second = nodeOver(exchange, grove, 2, 2);
  one.peerRestarted(nodeId(2), incarnation(2));
  one.send(nodeId(2), message(2));
  second.send(nodeId(1), message(3));
  await expect.poll(() => second.heard).toEqual([2]);
  await expect.poll(() => one.heard).toEqual([3]);
});

test('what waits for the other end is a copy of what was posted, and not without bound', async () => {
  const exchange = createPortExchange();
  const grove = `ports-${++groves}`;
  const name = pairChannel(grove, 1, 2);
  const out = portChannels(lineTo(exchange, 1), liveChannels).open(name, () => undefined);
  const frame = { n: 0 };
  for (frame.n = 0; frame.n < 1_000; frame.n++) out.post(frame);
  const heard: unknown[] = [];
  const inward: Channel = portChannels(lineTo(exchange, 2), liveChannels).open(name, (f) => heard.push(f));
  ends.push(out, inward);
  await expect.poll(() => heard).toEqual(upTo(16).map((n) => ({ n })));
});
