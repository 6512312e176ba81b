import { committedSeq } from '../../agents/agentLog.ts';
import { entryHead, nodeOfOwner } from '../../agents/entryHead.ts';
import type { NodeEntry } from '../../agents/nodeLog.ts';

const messageKey = (owner: string, peer: number, seq: number): string => JSON.stringify([owner, peer, seq]);

/** Names the message that an entry of this kind is about; null for any other entry. */
function messageIn(kind: 'failed' | 'poison', owner: string, text: string): string | null {
  if (!text.startsWith(`["${kind}"`)) return null;
  const { peer, seq } = entryHead(text);
  return messageKey(owner, peer, seq);
}

/** Hears what became durable, each entry once, whatever happened between a commit and its answer. */
export interface CommitTap {
  /** As the journal writer's tap calls it. */
  hear(owner: string, text: string): void;
  /** After everything died: passes on what is in the log and was not heard, for the answer never came. */
  catchUp(owner: string, texts: readonly string[]): void;
}

export function createCommitTap(listen: (owner: string, text: string) => void): CommitTap {
  /** Per link and direction, the highest number heard; per agent, how many entries. */
  const heard = new Map<string, number>();
  /** Per message of a node, the failures heard. */
  const failures = new Map<string, number>();
  /** Messages of nodes that were heard to be given up. */
  const givenUp = new Set<string>();

  /** The place of an entry that is numbered. */
  function placeOf(owner: string, text: string): { readonly key: string; readonly seq: number } | null {
    const node = nodeOfOwner(owner);
    if (node < 0) {
      if (!text.startsWith('["memory"')) return null;
      return { key: owner, seq: committedSeq(text) };
    }
    const { kind, peer, seq } = entryHead(text);
    switch (kind as NodeEntry[0]) {
      case 'out':
        return { key: `${node}>${peer}`, seq };
      case 'in':
      case 'dead':
        return { key: `${peer}>${node} in`, seq };
      default:
        return null;
    }
  }

  function hear(owner: string, text: string): void {
    const place = placeOf(owner, text);
    if (place) heard.set(place.key, Math.max(heard.get(place.key) ?? 0, place.seq));
    const failed = messageIn('failed', owner, text);
    if (failed !== null) failures.set(failed, (failures.get(failed) ?? 0) + 1);
    const poisoned = messageIn('poison', owner, text);
    if (poisoned !== null) givenUp.add(poisoned);
    listen(owner, text);
  }

  /** Passes on the failures that a log knows of and nobody heard. */
  function catchUpFailures(owner: string, texts: readonly string[]): void {
    const known = new Map<string, number>();
    for (const text of texts) {
      const failed = messageIn('failed', owner, text);
      if (failed !== null) known.set(failed, (known.get(failed) ?? 0) + 1);
      if (!text.startsWith('["state"')) continue;
      const [, state] = JSON.parse(text) as Extract<NodeEntry, readonly ['state', unknown]>;
      for (const [from, , undealt] of state.received)
        for (const [seq, message] of undealt) known.set(messageKey(owner, from, seq), message.failures);
    }
    for (const [key, n] of known) {
      const [, peer, seq] = JSON.parse(key) as [string, number, number];
      for (let i = failures.get(key) ?? 0; i < n; i++)
        hear(owner, JSON.stringify(['failed', peer, seq, 'its commit was not heard of'] satisfies NodeEntry));
    }
  }

  return {
    hear,
    catchUp(owner, texts) {
      const node = nodeOfOwner(owner);
      if (node >= 0) catchUpFailures(owner, texts);
      const fresh = (key: string, seq: number): boolean => seq > (heard.get(key) ?? 0);
      for (const text of texts) {
        const place = placeOf(owner, text);
        if (place && fresh(place.key, place.seq)) hear(owner, text);
        const poisoned = messageIn('poison', owner, text);
        if (poisoned !== null && !givenUp.has(poisoned)) hear(owner, text);
        if (node < 0 && text.startsWith('["kept"')) {
          const record = (JSON.parse(text) as ['kept', { readonly seq: number }])[1];
          if (fresh(owner, record.seq)) hear(owner, JSON.stringify(['memory', record]));
        }
        if (node < 0 || !text.startsWith('["state"')) continue;
        // A checkpoint swallowed its entries: those not heard stand in it.
        const [, state] = JSON.parse(text) as Extract<NodeEntry, readonly ['state', unknown]>;
        for (const [to, base, pending] of state.sent)
          pending.forEach((message, i) => {
            if (fresh(`${node}>${to}`, base + i)) hear(owner, JSON.stringify(['out', to, base + i, message]));
          });
        for (const [from, , undealt] of state.received)
          for (const [seq, message] of undealt)
            if (fresh(`${from}>${node} in`, seq)) hear(owner, JSON.stringify(['in', from, seq, message]));
      }
    },
  };
}
