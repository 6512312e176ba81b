import type { Gate } from '../agents/gate.ts';
import type { Env } from '../kernel/env.ts';
import type { Ward } from './ward.ts';

/** A call to a node that dies meanwhile is never answered. */
const PATIENCE_MS = 2_000;

/** What `answer` yields, or `otherwise` when it takes too long. */
export function patiently<T>(
  env: Env,
  answer: Promise<T>,
  otherwise: T,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  return Promise.race([
    answer,
    new Promise<T>((resolve) => void env.setTimer(patienceMs, () => resolve(otherwise))),
  ]);
}

/** Asks one node after the other for questions with a known answer, while `goOn` holds. */
export async function gatherKnownItems(
  env: Env,
  gate: Gate,
  from: readonly Ward[],
  goOn: () => boolean,
): Promise<void> {
  for (const ward of from) {
    if (!goOn()) return;
    if (ward.handle) gate.addKnownItems(await patiently(env, ward.handle.knownItems(), []));
  }
}
