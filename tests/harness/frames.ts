import { readMessages } from '../../src/bus/batch.ts';
import type { Message } from '../../src/bus/wire.ts';

/** The same frame with its messages changed; frames of other types, and those that are none, as they are. */
export function withMessages(
  frame: Record<string, unknown>,
  change: (messages: readonly Message[]) => readonly unknown[],
): Record<string, unknown> {
  if (frame['type'] !== 'data') return frame;
  const messages = readMessages(frame['messages']);
  return typeof messages === 'string' ? frame : { ...frame, messages: change(messages) };
}
