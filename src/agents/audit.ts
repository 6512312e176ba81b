import { hash32 } from '../kernel/rng.ts';
import type { Ledger } from '../bus/ledger.ts';
import { entryHead, messageIn, nodeOfOwner } from './entryHead.ts';
import type { NodeEntry, NodeState } from './nodeLog.ts';
import { nodeId } from '../kernel/ids.ts';

/**
 * Reads one committed entry of a node's log into the ledger: the ledger learns of a message when, and only when, crash
 * memory has it. Entries of other owners are none of its business.
 */
export function auditEntry(ledger: Ledger, owner: string, text: string, nowMs: number): void {
  const self = nodeOfOwner(owner);
  if (self < 0) return;
  const head = entryHead(text);
  const { peer, seq } = head;
  switch (head.kind as NodeEntry[0]) {
    case 'out':
      return ledger.sent(self, peer, seq, hash32(messageIn(text, head)), nowMs);
    case 'in':
      return ledger.delivered(peer, self, seq, hash32(messageIn(text, head)));
    case 'dead':
      return ledger.deadLettered(peer, self, seq);
    case 'abandon': {
      const [, , , count] = JSON.parse(text) as Extract<NodeEntry, readonly ['abandon', ...unknown[]]>;
      for (let i = 0; i < count; i++) ledger.deadLettered(self, peer, seq + i);
      return;
    }
    // What was accepted was delivered, whatever became of it then; what never got a number was never sent.
    case 'dealt':
    case 'failed':
    case 'poison':
    case 'letter':
    case 'trim':
    case 'subscribe':
    case 'unsubscribe':
    case 'hole':
    case 'state':
      return;
  }
}

/** As of the text that a message has in an entry. */
const fingerprint = (message: unknown): number => hash32(JSON.stringify(message));

/** Takes the messages under way of an earlier visit, as the nodes' logs tell (by node number), into a new ledger; returns how many. */
export function primeLedger(ledger: Ledger, states: readonly NodeState[], nowMs: number): number {
  let carried = 0;
  states.forEach((state, from) => {
    for (const [to, link] of state.sent) {
      const next = states[to]?.received.get(nodeId(from))?.next ?? 1;
      link.pending.forEach((message, i) => {
        const seq = link.base + i;
        if (seq < next) return;
        ledger.sent(from, to, seq, fingerprint(message), nowMs);
        carried++;
      });
    }
  });
  return carried;
}
