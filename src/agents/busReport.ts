import type { DeadReason } from '../bus/deadLetters.ts';
import type { EndpointStats } from '../bus/endpointTypes.ts';
import { hlcMs, type HlcState } from '../bus/hlc.ts';
import type { NodeState } from './nodeLog.ts';
import type { Requests } from './requests.ts';

export interface NodeCounters {
  /** Messages accepted, and dealt with. */
  accepted: number;
  dealt: number;
  deadLettered: number;
  /** Times that dealing with a message failed, and messages that are dead letters for it. */
  failures: number;
  poisoned: number;
  /** Messages past their deadline. */
  expired: number;
  /** Sends that a full link did not take. */
  readonly full: number;
  /** Replies that came when nobody waited for them any more. */
  staleReplies: number;
  /** Messages of level `memory` that were sent, and handed on. */
  memorySent: number;
  memoryReceived: number;
  /** Stamps of peers that were too far ahead of the own clock to be followed. */
  clockRefused: number;
  /** Memories that crash memory acknowledged in this incarnation. */
  readonly memoriesAcked: number;
  /** Messages found undealt at the start, and waiting at peers when they said hello: delivered again. */
  redelivered: number;
}

/** A node's account of its bus. */
export interface BusReport extends NodeCounters {
  /** Messages accepted and not yet dealt with, and sent and not yet settled. */
  readonly inbox: number;
  readonly unsettled: number;
  readonly bus: EndpointStats;
  /** Dead letters by reason, those of earlier incarnations included. */
  readonly dead: Readonly<Partial<Record<DeadReason, number>>>;
  readonly requestsOpened: number;
  readonly requestsOpen: number;
  readonly requestsCancelled: number;
  /** Topics whose home it is, with their durable subscriptions. */
  readonly topics: number;
  readonly subscriptions: number;
  /** How far the hybrid clock is ahead of the physical one. */
  readonly clockAheadMs: number;
}

/** What a node has to say of its bus at `nowMs`, as plain data. */
export function busReportOf(
  {
    state,
    requests,
    hlc,
    ...rest
  }: Pick<BusReport, 'inbox' | 'unsettled' | 'bus'> & {
    readonly counters: NodeCounters;
    readonly state: NodeState;
    readonly requests: Requests;
    readonly hlc: HlcState;
  },
  nowMs: number,
): BusReport {
  const { counters, ...queues } = rest;
  const heard = [...state.topics.values()].filter((set) => set.size > 0);
  return {
    ...counters,
    ...queues,
    dead: { ...state.dead.byReason },
    requestsOpened: requests.opened,
    requestsOpen: requests.waiting,
    requestsCancelled: requests.cancelled,
    topics: heard.length,
    subscriptions: heard.reduce((sum, set) => sum + set.size, 0),
    clockAheadMs: Math.max(0, hlcMs(hlc.last) - nowMs),
  };
}
