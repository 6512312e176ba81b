import type * as receiver from './receiver.ts';
import {
  accept,
  acksNow,
  createReceiver,
  creditOf,
  deal,
  hasGap,
  restart,
  settle,
  takeAck,
} from './receiver.ts';
import type * as sender from './sender.ts';
import {
  acknowledge,
  createSender,
  discard,
  enqueue,
  establish,
  excuse,
  expire,
  hasAgain,
  isBlocked,
  nextSeq,
  room,
  suspend,
  takeBatch,
  waiting,
} from './sender.ts';

/** The reducers of a link. An endpoint is given them, so that a test can hand it others. */
export interface LinkReducers {
  readonly sender: typeof sender;
  readonly receiver: typeof receiver;
}

/** The protocol as it is. Plain objects: bundlers make getters of a module's namespace. */
export const LINK: LinkReducers = {
  sender: {
    acknowledge,
    createSender,
    discard,
    enqueue,
    establish,
    excuse,
    expire,
    hasAgain,
    isBlocked,
    nextSeq,
    room,
    suspend,
    takeBatch,
    waiting,
  },
  receiver: { accept, acksNow, createReceiver, creditOf, deal, hasGap, restart, settle, takeAck },
};
