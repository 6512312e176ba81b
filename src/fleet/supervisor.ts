import type { FleetOptions } from './options.ts';

/** Where a node is in its life. Fields exist only where they mean something. */
export type NodeLife =
  | { readonly type: 'waiting'; readonly inc: number }
  | { readonly type: 'spawning'; readonly inc: number; readonly sinceMs: number }
  | { readonly type: 'up'; readonly inc: number; readonly heardAtMs: number; readonly suspect: boolean }
  | { readonly type: 'given up'; readonly inc: number };

export interface SupervisorState {
  readonly nodes: Map<number, NodeLife>;
  /** When each node was restarted, within the last minute. */
  readonly restarts: Map<number, number[]>;
  /** When a node that is not up again died; absent while it is up. */
  readonly diedAtMs: Map<number, number>;
}

export type SupervisorInput =
  | { readonly type: 'add'; readonly node: number; readonly inc: number }
  | { readonly type: 'ready'; readonly node: number; readonly inc: number }
  | { readonly type: 'beat'; readonly node: number; readonly inc: number }
  /** The node's host is gone. `atMs`: when it died, if that is known better than "now". */
  | { readonly type: 'died'; readonly node: number; readonly inc: number; readonly atMs?: number }
  | { readonly type: 'tick' };

export type SupervisorEffect =
  /** Fence the incarnation before, then start this one. */
  | { readonly type: 'spawn'; readonly node: number; readonly inc: number; readonly again: boolean }
  | { readonly type: 'terminate'; readonly node: number; readonly inc: number; readonly why: 'silent' }
  | { readonly type: 'suspect'; readonly node: number; readonly silentMs: number }
  | { readonly type: 'recovered'; readonly node: number; readonly inc: number; readonly ms: number }
  | { readonly type: 'give up'; readonly node: number };

export const createSupervisor = (): SupervisorState => ({
  nodes: new Map(),
  restarts: new Map(),
  diedAtMs: new Map(),
});

const MINUTE_MS = 60_000;
/** A start that takes longer than this has failed. */
const SPAWN_TIMEOUT_MS = 60_000;

/**
 * One step of supervision, one-for-one with a restart intensity (as in Erlang/OTP): a dead node gets its next
 * incarnation, at most `restartsPerMin` times a minute; starts go in waves of `spawnWave`.
 */
export function supervise(
  state: SupervisorState,
  input: SupervisorInput,
  nowMs: number,
  options: FleetOptions,
): SupervisorEffect[] {
  const effects: SupervisorEffect[] = [];
  switch (input.type) {
    case 'add':
      state.nodes.set(input.node, { type: 'waiting', inc: input.inc });
      break;
    case 'ready': {
      const life = state.nodes.get(input.node);
      if (life?.type !== 'spawning' || life.inc !== input.inc) break;
      state.nodes.set(input.node, { type: 'up', inc: input.inc, heardAtMs: nowMs, suspect: false });
      const diedAtMs = state.diedAtMs.get(input.node);
      if (diedAtMs !== undefined) {
        state.diedAtMs.delete(input.node);
        effects.push({ type: 'recovered', node: input.node, inc: input.inc, ms: nowMs - diedAtMs });
      }
      break;
    }
    case 'beat': {
      const life = state.nodes.get(input.node);
      if (life?.type !== 'up' || life.inc !== input.inc) break;
      state.nodes.set(input.node, { ...life, heardAtMs: nowMs, suspect: false });
      return effects;
    }
    case 'died':
      bury(state, input.node, input.inc, input.atMs ?? nowMs, nowMs, options, effects);
      break;
    case 'tick':
      for (const [node, life] of state.nodes) {
        if (life.type === 'spawning' && nowMs - life.sinceMs > SPAWN_TIMEOUT_MS) {
          effects.push({ type: 'terminate', node, inc: life.inc, why: 'silent' });
          bury(state, node, life.inc, life.sinceMs, nowMs, options, effects);
        }
        if (life.type !== 'up') continue;
        const silentMs = nowMs - life.heardAtMs;
        if (silentMs > options.silentMs) {
          effects.push({ type: 'terminate', node, inc: life.inc, why: 'silent' });
          bury(state, node, life.inc, life.heardAtMs, nowMs, options, effects);
        } else if (silentMs > Math.max(4 * options.heartbeatMs, options.silentMs / 3) && !life.suspect) {
          state.nodes.set(node, { ...life, suspect: true });
          effects.push({ type: 'suspect', node, silentMs });
        }
      }
  }
  spawnWave(state, nowMs, options, effects);
  return effects;
}

function bury(
  state: SupervisorState,
  node: number,
  inc: number,
  diedAtMs: number,
  nowMs: number,
  options: FleetOptions,
  effects: SupervisorEffect[],
): void {
  const life = state.nodes.get(node);
  if (!life || life.inc !== inc || life.type === 'given up' || life.type === 'waiting') return;
  if (!state.diedAtMs.has(node)) state.diedAtMs.set(node, diedAtMs);
  const recent = (state.restarts.get(node) ?? []).filter((atMs) => nowMs - atMs < MINUTE_MS);
  if (recent.length >= options.restartsPerMin) {
    state.nodes.set(node, { type: 'given up', inc });
    effects.push({ type: 'give up', node });
    return;
  }
  state.restarts.set(node, [...recent, nowMs]);
  state.nodes.set(node, { type: 'waiting', inc: inc + 1 });
}

function spawnWave(
  state: SupervisorState,
  nowMs: number,
  options: FleetOptions,
  effects: SupervisorEffect[],
): void {
  let spawning = 0;
  for (const life of state.nodes.values()) if (life.type === 'spawning') spawning++;
  for (const [node, life] of state.nodes) {
    if (spawning >= options.spawnWave) return;
    if (life.type !== 'waiting') continue;
    spawning++;
    state.nodes.set(node, { type: 'spawning', inc: life.inc, sinceMs: nowMs });
    effects.push({ type: 'spawn', node, inc: life.inc, again: state.diedAtMs.has(node) });
  }
}
