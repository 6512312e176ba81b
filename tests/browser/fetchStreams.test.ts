import { test } from 'vitest';
import { fetchOver, serveFetch } from '../../src/worlds/live/fetchPort.ts';
import { createCaller } from '../../src/worlds/live/portCalls.ts';
import { streamClaims, type FetchCarrier } from '../harness/fetchCarrier.ts';

/** Over the browser's own message ports and streams. */
const carrier: FetchCarrier = {
  name: 'live',
  over(handler) {
    const { port1, port2 } = new MessageChannel();
    serveFetch(port1, handler);
    return fetchOver(createCaller(port2, (fn) => fn));
  },
  async settle() {
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve, 2));
  },
};

test.each(Object.keys(streamClaims))('a stream over a port of the browser: %s', (claim) =>
  streamClaims[claim]!(carrier),
);
