import type { ChannelPort } from '../../src/bus/channel.ts';
import type { BusOptions } from '../../src/bus/options.ts';

/** What of a frame is looked at: a batch of messages numbered from `first`, of the level that crash memory knows. */
interface Frame {
  readonly type?: string;
  readonly lane?: number;
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly messages: readonly unknown[];
}
type Entry = readonly [kind: string, peer: number, seq: number, more?: unknown];

interface Link {
  sent: number;
  accepted: number;
  dealt: number;
  /** The highest number that was ever posted. */
  posted: number;
}

const MAX_TOLD = 8;
/** In a wire that carries two levels, the number of the durable one. */
const DURABLE = 1;

/**
 * Watches the queues of durable nodes from outside, at every commit and every post:
 * - mailbox: accepted and not dealt with, on each link at most its window;
 * - outbox: sent and not accepted by the peer, at most the window and the queue behind it;
 * - early: no number is posted further beyond what the peer accepted than the window, so nothing more can wait there for a
 *   number before it.
 */
export class QueueChecker {
  readonly #links = new Map<string, Link>();
  readonly #wrong: string[] = [];
  readonly #options: BusOptions;
  readonly peaks = { mailbox: 0, outbox: 0, beyond: 0 };

  constructor(options: BusOptions) {
    this.#options = options;
  }

  #link(from: number, to: number): Link {
    const key = `${from}>${to}`;
    let link = this.#links.get(key);
    if (!link) this.#links.set(key, (link = { sent: 0, accepted: 0, dealt: 0, posted: 0 }));
    return link;
  }

  #hold(what: string, held: number, bound: number, key: keyof QueueChecker['peaks']): void {
    this.peaks[key] = Math.max(this.peaks[key], held);
    if (held > bound) this.#wrong.push(`${what} ${held}, and ${bound} is the bound`);
  }

  /** Hears each durable entry once. */
  committed(owner: string, text: string): void {
    if (!owner.startsWith('node/')) return;
    const self = Number(owner.slice('node/'.length));
    const [kind, peer, seq] = JSON.parse(text) as Entry;
    const { windowMessages, queueMessages } = this.#options;
    // What a node tells itself crosses no link.
    if (peer === self) return;
    switch (kind) {
      case 'out': {
        const link = this.#link(self, peer);
        link.sent = Math.max(link.sent, seq);
        this.#hold(
          `link ${self}>${peer}: the outbox holds`,
          link.sent - link.accepted,
          windowMessages + queueMessages,
          'outbox',
        );
        return;
      }
      case 'in':
      case 'dead': {
        const link = this.#link(peer, self);
        link.accepted = Math.max(link.accepted, seq);
        if (kind === 'dead') link.dealt++;
        this.#hold(
          `link ${peer}>${self}: the mailbox holds`,
          link.accepted - link.dealt,
          windowMessages,
          'mailbox',
        );
        return;
      }
      case 'dealt':
      case 'poison':
        this.#link(peer, self).dealt++;
    }
  }

  /** A node's way to the channels, watched. */
  watch(inner: ChannelPort): ChannelPort {
    return {
      open: (name, receive) => {
        const channel = inner.open(name, receive);
        return {
          post: (frame) => {
            this.#posted(frame as Frame);
            channel.post(frame);
          },
          close: () => channel.close(),
        };
      },
    };
  }

  #posted({ type, lane, from, to, first, messages }: Frame): void {
    if (type !== 'data' || (lane ?? DURABLE) !== DURABLE) return;
    const link = this.#link(from, to);
    link.posted = Math.max(link.posted, first + messages.length - 1);
    this.#hold(
      `link ${from}>${to}: what was posted goes beyond what was accepted by`,
      link.posted - link.accepted,
      this.#options.windowMessages,
      'beyond',
    );
  }

  violations(): string[] {
    return this.#wrong.slice(0, MAX_TOLD);
  }
}
