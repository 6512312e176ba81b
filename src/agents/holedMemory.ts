import type { AgentMemory } from '../memory/agentMemoryTypes.ts';
import type { MemoryEvent } from '../memory/memoryEvent.ts';
import type { LifeState } from '../memory/ringLife.ts';

/*
 * Replay of an agent's log that crash memory gave back with a hole in it. What a whole log may never hold, and a plain
 * replay refuses, is made to fit here; whatever can be had is had.
 */

const isLive = (memory: AgentMemory, seq: number): boolean => memory.get(seq)?.seq === seq;

/** Replays what is left of an agent's log: first every memory under its number, whatever came when, then what became of them. */
export function replayHoled(memory: AgentMemory, events: readonly MemoryEvent[]): void {
  const told = new Map<number, MemoryEvent>();
  for (const event of events)
    if (event[0] === 'memory' || event[0] === 'kept') told.set(event[1].seq, event);
    else if (event[0] === 'gone') told.set(event[1], event);
  for (const [seq, event] of [...told].sort(([a], [b]) => a - b)) {
    memory.lose(seq - 1);
    // There may be more than there ever was at a time: what a lost checkpoint had replaced is back.
    if (event[0] === 'gone' || !memory.replay(event).ok) memory.lose(seq);
  }
  for (const event of events) becomeOf(memory, event);
}

/** Does what fits of an event that is no memory itself. */
function becomeOf(memory: AgentMemory, event: MemoryEvent): void {
  switch (event[0]) {
    case 'memory':
    case 'kept':
    case 'gone':
      return;
    case 'moved':
      for (const move of event[1])
        if (isLive(memory, move[0]) && (move[1] !== 'merged' || isLive(memory, move[2])))
          memory.replay(['moved', [move]]);
      return;
    case 'lives': {
      memory.lose(event[1].length);
      const states = event[1].map((state, i): LifeState => {
        const seq = i + 1;
        const ends = state.zone === 'merged' || state.zone === 'forgotten';
        const hasText = isLive(memory, seq) && memory.get(seq)!.text !== '';
        if (ends && hasText) memory.forget(seq);
        return ends || hasText ? state : { ...state, zone: 'forgotten' };
      });
      memory.replay(['lives', states, event[2]]);
      return;
    }
    default:
      memory.replay(event);
  }
}
