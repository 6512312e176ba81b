/** The account of all links, each part counted by itself: sent = delivered + dead-lettered + in flight + lost. */
export interface LedgerTotals {
  readonly sent: number;
  readonly delivered: number;
  readonly deadLettered: number;
  readonly inFlight: number;
  /** In flight for longer than `OVERDUE_MS`. */
  readonly overdue: number;
  /** Sent, not delivered, though something sent later on the same link was. */
  readonly lost: number;
  /** Delivered more than once, or never sent. */
  readonly duplicated: number;
  /** Delivered after something that was sent later on the same link. */
  readonly misordered: number;
  /** Delivered with another content than was sent. */
  readonly corrupted: number;
}

/** The account before anything was sent. */
export const NOTHING_SENT: LedgerTotals = {
  sent: 0,
  delivered: 0,
  deadLettered: 0,
  inFlight: 0,
  overdue: 0,
  lost: 0,
  duplicated: 0,
  misordered: 0,
  corrupted: 0,
};

/** A message under way for this long is not on its way any more, whatever the reason. */
export const OVERDUE_MS = 10_000;

interface LinkAccount {
  /** What was sent and has not arrived, by number. */
  readonly open: Map<number, { readonly fingerprint: number; readonly atMs: number }>;
  highestSent: number;
  highestDelivered: number;
}

/**
 * The independent ledger: it sees what was committed as sent and as delivered, knows nothing of acks, windows and
 * resends, and trusts no order but that in which a commit was seen. The bus never reads it.
 */
export class Ledger {
  readonly #links = new Map<string, LinkAccount>();
  #sent = 0;
  #delivered = 0;
  #deadLettered = 0;
  #duplicated = 0;
  #misordered = 0;
  #corrupted = 0;

  #link(from: number, to: number): LinkAccount {
    const key = `${from}>${to}`;
    let link = this.#links.get(key);
    if (!link) this.#links.set(key, (link = { open: new Map(), highestSent: 0, highestDelivered: 0 }));
    return link;
  }

  /** A message was committed as sent at `atMs`; `fingerprint` is any 32-bit hash of its content. Sent again under its number, it counts once. */
  sent(from: number, to: number, seq: number, fingerprint: number, atMs: number): void {
    const link = this.#link(from, to);
    if (seq <= link.highestSent) return;
    link.highestSent = seq;
    link.open.set(seq, { fingerprint, atMs });
    this.#sent++;
  }

  /** A message was committed as delivered. */
  delivered(from: number, to: number, seq: number, fingerprint: number): void {
    const link = this.#link(from, to);
    const expected = link.open.get(seq);
    if (expected === undefined) {
      this.#duplicated++;
      return;
    }
    link.open.delete(seq);
    this.#delivered++;
    if (expected.fingerprint !== fingerprint) this.#corrupted++;
    if (seq < link.highestDelivered) {
      this.#misordered++;
      return;
    }
    link.highestDelivered = seq;
  }

  /** A message will never be delivered, and has an address among the dead letters. */
  deadLettered(from: number, to: number, seq: number): void {
    const link = this.#link(from, to);
    if (!link.open.delete(seq)) return;
    this.#deadLettered++;
  }

  totals(nowMs: number): LedgerTotals {
    let inFlight = 0;
    let overdue = 0;
    let lost = 0;
    for (const { open, highestDelivered } of this.#links.values())
      for (const [seq, { atMs }] of open)
        if (seq < highestDelivered) lost++;
        else {
          inFlight++;
          if (nowMs - atMs > OVERDUE_MS) overdue++;
        }
    return {
      sent: this.#sent,
      delivered: this.#delivered,
      deadLettered: this.#deadLettered,
      inFlight,
      overdue,
      lost,
      duplicated: this.#duplicated,
      misordered: this.#misordered,
      corrupted: this.#corrupted,
    };
  }
}
