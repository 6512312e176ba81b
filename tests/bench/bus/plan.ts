import type { BusOptions } from '../../../src/bus/options.ts';

/**
 * What is measured: channels without a protocol, the same with batches by columns, the npm package `broadcast-channel` in
 * their place, the bus at level `memory` (endpoints), or at level `durable` (nodes over crash memory: every message
 * committed at both ends).
 */
export type BusKind = 'raw' | 'columns' | 'package' | 'memory' | 'durable';

/** What is measured inside one thread: the protocol with nothing copied, and delivery inside one node. */
export type Alone = 'protocol' | 'local';

export interface BusPlan {
  readonly kind: BusKind;
  readonly transport: BusOptions['transport'];
  readonly nodes: number;
  /** Other nodes that each node sends to. */
  readonly fanOut: number;
  /** Messages to each of them. */
  readonly messages: number;
  /** Bytes of a message's body. */
  readonly bytes: number;
  /** Level `memory` only: messages a second of each node, at that rate whatever comes back; 0 for as many as there is room for. */
  readonly perS: number;
}

/** One measurement; rates in messages/s over all nodes. */
export interface BusRun {
  readonly receivedPerS: number;
  readonly ackedPerS: number;
  /** Resend timers that ran out, and messages that went out again. */
  readonly resends: number;
  readonly resentMessages: number;
  /** Of a paced run, without its first fifth: ms from the send to its arrival, and to its acknowledgement, sorted. */
  readonly oneWayMs: readonly number[];
  readonly ackedMs: readonly number[];
}

/** What one worker of a measurement is to do. */
export interface PeerTask extends BusPlan {
  readonly grove: string;
  readonly self: number;
  readonly peers: readonly number[];
  /** Messages that come from all others. */
  readonly expected: number;
  readonly options: BusOptions;
  /** Time zero on `monotonicNow`. */
  readonly epochMs: number;
  /** The exchange of ports, and crash memory. */
  readonly exchange: MessagePort;
  readonly journal: MessagePort;
}

export type PeerNews =
  | { readonly type: 'ready' | 'received' }
  | {
      readonly type: 'acked';
      readonly resends: number;
      readonly resentMessages: number;
      readonly oneWayMs: readonly number[];
      readonly ackedMs: readonly number[];
    };

/** A peer that is set up: begins to send. */
export type Go = () => void;
export type Tell = (news: PeerNews) => void;

/** Of a measurement that counts neither. */
export const nothingAgain = { resends: 0, resentMessages: 0, oneWayMs: [], ackedMs: [] } as const;
