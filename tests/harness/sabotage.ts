import { checkpointOf, emptyState, applyEntry, type NodeEntry } from '../../src/agents/nodeLog.ts';
import type { ChannelPort } from '../../src/bus/channel.ts';
import { LINK, type LinkReducers } from '../../src/bus/link.ts';
import { ok } from '../../src/kernel/result.ts';
import type { JournalPort } from '../../src/memory/journal.ts';
import type { Sabotage } from '../../src/worlds/virtual/relayGrove.ts';
import { withMessages } from './frames.ts';

const kindOf = (text: string): string => (JSON.parse(text) as [string])[0];

/** A journal whose log of the node itself reads otherwise than it was written. */
const readsAs = (change: (texts: readonly string[]) => readonly string[]): Sabotage => ({
  journal: (inner): JournalPort => ({
    append: (entries, done) => inner.append(entries, done),
    checkpoint: (owner, texts, done) => inner.checkpoint(owner, texts, done),
    load: (owners, done) =>
      inner.load(owners, (r) =>
        done(
          r.ok ? ok(r.value.map((texts, i) => (owners[i]!.startsWith('node/') ? change(texts) : texts))) : r,
        ),
      ),
  }),
});

const without = (kind: string): Sabotage => readsAs((texts) => texts.filter((text) => kindOf(text) !== kind));

/** Frames of a dead incarnation pass as those of the living, and whoever they were for. */
function undatedFrames(inner: ChannelPort, inc: number): ChannelPort {
  const newest = new Map<number, number>();
  return {
    open: (name, receive) =>
      inner.open(name, (frame) => {
        const f = frame as { readonly from: number; readonly inc: number };
        newest.set(f.from, Math.max(newest.get(f.from) ?? 0, f.inc));
        receive({ ...f, inc: newest.get(f.from), peerInc: inc });
      }),
  };
}

/** Changes frames as they arrive. */
const hearsAs = (change: (frame: Record<string, unknown>) => Record<string, unknown>): Sabotage => ({
  channels: (inner) => ({
    open: (name, receive) => inner.open(name, (frame) => receive(change(frame as Record<string, unknown>))),
  }),
});

/** Changes each message as it arrives. */
const messagesAs = (change: (message: Record<string, unknown>) => Record<string, unknown>): Sabotage =>
  hearsAs((frame) => withMessages(frame, (all) => all.map((m) => change({ ...m }))));

const { sender } = LINK;
const withSender = (change: Partial<LinkReducers['sender']>): Sabotage => ({
  link: { ...LINK, sender: { ...sender, ...change } },
});

/** The protocol broken on purpose, each in one way; the checkers must notice every one of them. */
export const sabotages: Readonly<Record<string, Sabotage>> = {
  'an outbox that does not survive': without('out'),
  'an inbox that does not survive': without('in'),
  'no dedupe of what was dealt with': readsAs((texts) => {
    const state = emptyState();
    for (const text of texts) applyEntry(state, JSON.parse(text) as NodeEntry);
    for (const link of state.received.values()) link.next = Math.max(1, link.next - 16);
    return [JSON.stringify(checkpointOf(state))];
  }),
  'no note of what was dealt with': without('dealt'),
  'an ack before the commit': {
    journal: (inner, _node, world): JournalPort => ({
      append(entries, done) {
        const { clock } = world;
        clock.at(clock.nowMs + 0.1, () => done(ok(undefined)));
        // The commit comes later, and not at all when the node dies before.
        clock.at(clock.nowMs + 25, () => inner.append(entries, () => undefined));
      },
      checkpoint: (owner, texts, done) => inner.checkpoint(owner, texts, done),
      load: (owners, done) => inner.load(owners, done),
    }),
  },
  'no check of incarnations': {
    sessionInc: () => 1,
    channels: (inner, _node, inc) => undatedFrames(inner, inc),
  },
  'a disk that answers before it has written': { disk: { liesMs: 200 } },
  'a disk that tears a transaction, and no look at the checksums': {
    disk: { tears: true, delayMs: 20 },
    store: (disk, process) => disk.storeOf(process),
  },
  "a resend that is timed as if it were the first sending (no Karn's rule)": withSender({
    takeBatch(s, nowMs, options) {
      const { timedSeq, timedAtMs } = s;
      const batch = sender.takeBatch(s, nowMs, options);
      if (timedSeq > 0 && s.timedSeq === 0) Object.assign(s, { timedSeq, timedAtMs });
      return batch;
    },
  }),
  'a window that is ignored': withSender({
    takeBatch(s, nowMs, options) {
      const { credit } = s;
      s.credit = Infinity;
      const batch = sender.takeBatch(s, nowMs, options);
      s.credit = credit;
      return batch;
    },
  }),
  'a batch in another order': hearsAs((frame) => withMessages(frame, (all) => [...all].reverse())),
  'no dedupe on the way in': {
    link: {
      ...LINK,
      receiver: {
        ...LINK.receiver,
        accept(r, first, batch, options) {
          if (first + batch.length !== r.expected || batch.length === 0)
            return LINK.receiver.accept(r, first, batch, options);
          r.owesAck = true;
          r.expected += batch.length;
          r.undealt += batch.length;
          return batch;
        },
      },
    },
  },
  'a selective ack that lies': {
    link: {
      ...LINK,
      receiver: {
        ...LINK.receiver,
        takeAck(r, options) {
          const { ack, credit, held } = LINK.receiver.takeAck(r, options);
          return { ack, credit, held: held.length > 0 ? [ack, held.at(-1)!] : held };
        },
      },
    },
  },
  'a count of failures that does not survive': without('failed'),
  'deadlines that are ignored': messagesAs(({ deadlineAtMs: _ignored, ...message }) => message),
  'replies to another attempt that pass for this one': messagesAs((message) =>
    typeof message['reply'] === 'string'
      ? { ...message, reply: message['reply'].replace(/\.\d+$/, '.1') }
      : message,
  ),
  'subscriptions that do not survive': without('subscribe'),
};
