import { afterAll, describe, test } from 'vitest';
import { fetchOver as liveFetchOver, serveFetch } from '../../../src/worlds/live/fetchPort.ts';
import { createCaller } from '../../../src/worlds/live/portCalls.ts';
import { createVirtualProcess } from '../../../src/worlds/virtual/virtualEnv.ts';
import { fetchOver as virtualFetchOver, noPause } from '../../../src/worlds/virtual/virtualPorts.ts';
import { createVirtualWorld } from '../../../src/worlds/virtual/virtualWorld.ts';
import { streamClaims, type FetchCarrier } from '../../harness/fetchCarrier.ts';

const ports: MessagePort[] = [];
afterAll(() => {
  for (const port of ports) port.close();
});

/** Over a message port, as a worker has it. */
const live = (): FetchCarrier => ({
  name: 'live',
  over(handler) {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    serveFetch(port1, handler);
    return liveFetchOver(createCaller(port2, (fn) => fn));
  },
  async settle() {
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve, 1));
  },
});

/** Over virtual time. */
function virtual(): FetchCarrier {
  const world = createVirtualWorld({ seed: 'streams', always: true });
  const near = createVirtualProcess(world, 1, 'node');
  return {
    name: 'virtual',
    over: (handler) => virtualFetchOver(world, near, noPause, handler),
    settle: () => world.run(world.clock.nowMs + 1),
  };
}

describe.each([live, virtual])('a stream on its way to a node, %o', (create) => {
  test.each(Object.keys(streamClaims))('%s', (claim) => streamClaims[claim]!(create()));
});
