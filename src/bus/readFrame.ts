import { isCount, readMessages } from './batch.ts';
import {
  HELD_RANGES_MAX,
  WIRE_VERSION,
  type AckFrame,
  type HeardData,
  type HeardFrame,
  type HelloAckFrame,
  type HelloFrame,
  type ResetFrame,
} from './wire.ts';

const isLane = (v: unknown): v is 0 | 1 => v === 0 || v === 1;

function isOffer(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const o = value as Record<string, unknown>;
  return isCount(o['base']) && isCount(o['next']) && isCount(o['highest']) && typeof o['fresh'] === 'boolean';
}

function isAck(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { ack, credit, held } = value as Record<string, unknown>;
  if (!isCount(ack) || !isCount(credit) || !Array.isArray(held)) return false;
  if (held.length === 0) return true;
  if (held.length % 2 !== 0 || held.length > 2 * HELD_RANGES_MAX) return false;
  let from = ack - 1;
  for (let i = 0; i < held.length; i++) {
    const edge: unknown = held[i];
    if (!isCount(edge) || edge <= from) return false;
    from = edge;
  }
  return true;
}

const isPair = (value: unknown, test: (v: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length === 2 && test(value[0]) && test(value[1]);

/**
 * Checks the shape of whatever arrived on a channel; the reason for its refusal when it is no frame of this wire. A frame is
 * its reader's: packed messages are unpacked in place.
 */
export function readFrame(value: unknown): HeardFrame | 'shape' | 'message' | 'version' {
  if (typeof value !== 'object' || value === null) return 'shape';
  const f = value as Record<string, unknown>;
  if (!isCount(f['v'])) return 'shape';
  if (f['v'] !== WIRE_VERSION) return 'version';
  if (!isCount(f['from']) || !isCount(f['to']) || !isCount(f['inc']) || !isCount(f['peerInc']))
    return 'shape';
  if (!isCount(f['attempt']) || !isCount(f['peerAttempt'])) return 'shape';
  switch (f['type']) {
    case 'hello':
      return isPair(f['lanes'], isOffer) ? (value as HelloFrame) : 'shape';
    case 'hello-ack':
      return isPair(f['lanes'], isAck) ? (value as HelloAckFrame) : 'shape';
    case 'data': {
      if (!isLane(f['lane']) || !isCount(f['first']) || !isAck(f)) return 'shape';
      const messages = readMessages(f['messages']);
      if (typeof messages === 'string') return messages;
      f['messages'] = messages;
      return value as HeardData;
    }
    case 'ack':
      return isLane(f['lane']) && isAck(f) ? (value as AckFrame) : 'shape';
    case 'reset':
      return value as ResetFrame;
    default:
      return 'shape';
  }
}
