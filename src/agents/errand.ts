import type { Env } from '../kernel/env.ts';
import type { Behaviour } from './behaviour.ts';
import { sendWhenRoom } from './patience.ts';
import { GATE_ADDRESS } from './protocol.ts';
import { createArrivals, type Arrivals } from './arrivals.ts';

/** `errand`: passed from agent to agent, `hops` more times, and then home to the gate. */
export interface ErrandBody {
  /** The run that began it. */
  readonly run: string;
  readonly n: number;
  readonly hops: number;
}

export const ERRAND = 'errand';

/** Errands as the gate counts them: each is to come home once. */
export interface ErrandCounts {
  readonly put: number;
  /** Not put, because the link was full. */
  readonly refused: number;
  readonly home: number;
  readonly away: number;
  /** Came home though they were not away: twice, or from nowhere. */
  readonly twice: number;
}

/**
 * Whom an agent passes errands on to: those so many places after it. A few acquaintances, not everybody, so that each link
 * carries many messages, whose order can go wrong.
 */
const ACQUAINTANCES = [1, 7, 19, 43];

/** An agent that passes errands on to others of `agents`, and leaves everything else to what it is. */
export function withErrands(
  behaviour: Behaviour,
  env: Env,
  self: string,
  agents: readonly string[],
): Behaviour {
  const rng = env.random('errands');
  const place = agents.indexOf(self);
  const circle = ACQUAINTANCES.map((step) => agents[(place + step) % agents.length]!).filter(
    (id) => id !== self,
  );
  return {
    receive(message, turn) {
      if (message.kind !== ERRAND) return behaviour.receive(message, turn);
      const { run, n, hops } = message.body as ErrandBody;
      const goesOn = hops > 0 && circle.length > 0;
      const body: ErrandBody = { run, n, hops: hops - 1 };
      return sendWhenRoom(turn, goesOn ? rng.pick(circle) : GATE_ADDRESS, ERRAND, body);
    },
  };
}

/** The gate's part: puts errands, and awaits each once. */
export interface Errands {
  readonly counts: ErrandCounts;
  readonly arrivals: Arrivals;
  /** One came home. */
  home(body: ErrandBody): void;
}

export interface ErrandsConfig {
  readonly run: string;
  readonly hops: number;
  /** Sends an agent on its way; false when the link is full. */
  readonly send: (to: string, body: ErrandBody) => boolean;
}

export function createErrands(env: Env, config: ErrandsConfig, agents: () => readonly string[]): Errands {
  const rng = env.random('errands');
  const away = new Set<number>();
  const counts = { put: 0, refused: 0, home: 0, twice: 0 };
  let n = 0;
  const arrivals = createArrivals(
    env,
    rng,
    () => {
      const body: ErrandBody = { run: config.run, n: ++n, hops: config.hops };
      if (!config.send(rng.pick(agents()), body)) {
        counts.refused++;
        return;
      }
      away.add(n);
      counts.put++;
    },
    // The gate tells of it once, for its questions.
    () => undefined,
  );
  return {
    get counts() {
      return { ...counts, away: away.size };
    },
    arrivals,
    home(body) {
      // One of an earlier visit came home to a gate that has forgotten it.
      if (body.run !== config.run) return;
      if (away.delete(body.n)) counts.home++;
      else counts.twice++;
    },
  };
}
