import type { Workload } from './workload.ts';

/** `echo`: what was sent comes back. */
export const createEcho = (): Workload => ({
  ask(request, reply) {
    if (request.type !== 'echo') return false;
    reply({ type: 'echo_ok', echo: request['echo'] });
    return true;
  },
  hear: () => undefined,
});
