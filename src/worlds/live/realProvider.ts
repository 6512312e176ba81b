import type { Env } from '../../kernel/env.ts';
import type { WireCounts } from '../../fleet/ports.ts';
import type { FetchHandler } from '../../provider/port.ts';
import type { SimulatedProvider } from '../../provider/simulated.ts';

/** The browser's own way to other places. */
export const browserFetch: FetchHandler = (request) => fetch(request);

/** An endpoint that the provider's worker serves. */
export interface LiveEndpoint extends Pick<SimulatedProvider, 'fetch' | 'disturb'> {
  counts(): WireCounts;
}

/** Reaches a model that is not simulated: counts what crosses the wire, and can be disturbed as a simulated one can. */
export function watchEndpoint(env: Env, handler: FetchHandler): LiveEndpoint {
  const faults = env.random('provider/faults');
  const counts = { requests: 0, status429: 0 };
  let trouble = { slowdown: 1, failing: 0 };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void env.setTimer(ms, resolve));
  return {
    async fetch(request) {
      counts.requests++;
      if (faults.next() < trouble.failing)
        return Response.json({ error: { message: 'made to fail by hand' } }, { status: 503 });
      const sentAtMs = env.now();
      const response = await handler(request);
      if (trouble.slowdown > 1) await pause((trouble.slowdown - 1) * (env.now() - sentAtMs));
      if (response.status === 429) counts.status429++;
      return response;
    },
    disturb: (d) => void (trouble = d),
    counts: () => ({ ...counts }),
  };
}
