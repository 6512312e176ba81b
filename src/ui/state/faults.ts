import type { GroveState } from './groveState.svelte.ts';

/** How long links and the provider stay disturbed. */
export const FAULT_MS = 10_000;
const PAUSE_MS = 3_000;

/** A node that is up, chosen at random; null when none is. */
function anyNode(grove: GroveState): number | null {
  const up = (grove.snapshot?.nodes ?? []).filter((n) => n.state === 'up');
  return up[Math.floor(Math.random() * up.length)]?.id ?? null;
}

export function killAny(grove: GroveState): void {
  const node = anyNode(grove);
  if (node !== null)
    void grove.inject({ type: 'kill', node }, `Node ${node} was killed; the story tells how it came back.`);
}

export function pauseAny(grove: GroveState): void {
  const node = anyNode(grove);
  if (node !== null)
    void grove.inject({ type: 'pause', node, forMs: PAUSE_MS }, `Node ${node} is paused for 3 s.`);
}

/** `slowdown` times as slow (>= 1), with `failingPercent` in [0, 100] of its requests failing. */
export function troubleProvider(grove: GroveState, slowdown: number, failingPercent: number): void {
  void grove.inject(
    { type: 'provider', slowdown, failing: failingPercent / 100, forMs: FAULT_MS },
    `For 10 s the provider takes ${slowdown} times as long and fails ${failingPercent} % of its requests.`,
  );
}
