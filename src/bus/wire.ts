import type { Incarnation, NodeId } from '../kernel/ids.ts';

/** Frames of another version are refused. */
export const WIRE_VERSION = 1;

/** What one agent sends another. Addresses are agent ids; the gate answers to `gate`. */
export interface Message {
  readonly from: string;
  readonly to: string;
  /** Which protocol of the agents it belongs to, e.g. `question`. */
  readonly kind: string;
  /** Structured-cloneable and JSON-safe. */
  readonly body: unknown;
}

interface FrameHead {
  readonly v: number;
  readonly from: NodeId;
  readonly to: NodeId;
  /** The poster's incarnation. */
  readonly inc: Incarnation;
  /** The receiver's incarnation that the poster knows; 0 when it knows none. */
  readonly peerInc: number;
}

/** "I want to send to you." Repeated until a hello-ack comes; also the way back after either side restarted. */
export interface HelloFrame extends FrameHead {
  readonly type: 'hello';
  /** Lowest sequence number not yet acknowledged. */
  readonly base: number;
  /** The next sequence number that will be given out: next - base messages wait. */
  readonly next: number;
  /** Numbers below it have been out at least once. */
  readonly highest: number;
  /** The sender's numbering starts anew in this incarnation; otherwise it goes on from an earlier one. */
  readonly fresh: boolean;
}

/** "I hear you; go on from `expected`." */
export interface HelloAckFrame extends FrameHead {
  readonly type: 'hello-ack';
  readonly expected: number;
  /** Messages the receiver takes beyond its ack. */
  readonly window: number;
}

/** A batch of messages numbered first, first + 1, ... */
export interface DataFrame extends FrameHead {
  readonly type: 'data';
  readonly first: number;
  readonly messages: readonly Message[];
  /** Cumulative ack of the other direction: everything below is settled. */
  readonly ack: number;
  readonly window: number;
}

/** A cumulative ack by itself; `gap` says that what follows `ack` is missing although later numbers came. */
export interface AckFrame extends FrameHead {
  readonly type: 'ack';
  readonly ack: number;
  readonly window: number;
  readonly gap: boolean;
}

/** "I am not who you think I am": asks the sender for a new hello. */
export interface ResetFrame extends FrameHead {
  readonly type: 'reset';
}

export type Frame = HelloFrame | HelloAckFrame | DataFrame | AckFrame | ResetFrame;

/** Why a frame was refused; counted by reason. */
export type RefusalReason = 'shape' | 'version' | 'address' | 'dead-incarnation' | 'not-me' | 'no-session';

const isCount = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) >= 0;

/** Checks the shape of whatever arrived on a channel; null when it is no frame of this wire. */
export function readFrame(value: unknown): Frame | 'version' | null {
  if (typeof value !== 'object' || value === null) return null;
  const f = value as Record<string, unknown>;
  if (!isCount(f['v'])) return null;
  if (f['v'] !== WIRE_VERSION) return 'version';
  if (!isCount(f['from']) || !isCount(f['to']) || !isCount(f['inc']) || !isCount(f['peerInc'])) return null;
  switch (f['type']) {
    case 'hello':
      return isCount(f['base']) &&
        isCount(f['next']) &&
        isCount(f['highest']) &&
        typeof f['fresh'] === 'boolean'
        ? (value as HelloFrame)
        : null;
    case 'hello-ack':
      return isCount(f['expected']) && isCount(f['window']) ? (value as HelloAckFrame) : null;
    case 'data':
      return isCount(f['first']) && isCount(f['ack']) && isCount(f['window']) && Array.isArray(f['messages'])
        ? (value as DataFrame)
        : null;
    case 'ack':
      return isCount(f['ack']) && isCount(f['window']) && typeof f['gap'] === 'boolean'
        ? (value as AckFrame)
        : null;
    case 'reset':
      return value as ResetFrame;
    default:
      return null;
  }
}
