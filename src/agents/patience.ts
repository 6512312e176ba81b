import type { Level } from '../bus/wire.ts';
import type { Turn } from './behaviour.ts';

/**
 * Sends at once where there is room, otherwise as soon as there is: until then the turn stays open, keeps the room of its own
 * message, and so slows whoever sent that.
 */
export function sendWhenRoom(
  turn: Turn,
  to: string,
  kind: string,
  body: unknown,
  level: Level = 'durable',
): void | Promise<void> {
  if (turn.send(to, kind, body, { level })) return;
  return new Promise((resolve) => {
    const again = (): void => {
      if (turn.send(to, kind, body, { level })) resolve();
      else turn.whenRoom(to, again, level);
    };
    turn.whenRoom(to, again, level);
  });
}
