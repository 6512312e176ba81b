/** The account of all links. In flight = sent - delivered - dead-lettered - lost. */
export interface LedgerTotals {
  readonly sent: number;
  readonly delivered: number;
  readonly deadLettered: number;
  readonly inFlight: number;
  /** Sent, not delivered, though something sent later on the same link was. */
  readonly lost: number;
  /** Delivered more than once, or never sent. */
  readonly duplicated: number;
  /** Delivered after something that was sent later on the same link. */
  readonly misordered: number;
  /** Delivered with another content than was sent. */
  readonly corrupted: number;
}

interface LinkAccount {
  /** Number -> fingerprint of what was sent and has not arrived. */
  readonly open: Map<number, number>;
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
  #lost = 0;
  #duplicated = 0;
  #misordered = 0;
  #corrupted = 0;

  #link(from: number, to: number): LinkAccount {
    const key = `${from}>${to}`;
    let link = this.#links.get(key);
    if (!link) this.#links.set(key, (link = { open: new Map(), highestSent: 0, highestDelivered: 0 }));
    return link;
  }

  /** A message was committed as sent; `fingerprint` is any 32-bit hash of its content. Sent again under its number, it counts once. */
  sent(from: number, to: number, seq: number, fingerprint: number): void {
    const link = this.#link(from, to);
    if (seq <= link.highestSent) return;
    link.highestSent = seq;
    link.open.set(seq, fingerprint);
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
    if (expected !== fingerprint) this.#corrupted++;
    if (seq < link.highestDelivered) {
      // It had been counted as lost when a later one overtook it.
      this.#misordered++;
      this.#lost--;
      return;
    }
    for (const earlier of link.open.keys()) {
      if (earlier >= seq) break;
      if (earlier > link.highestDelivered) this.#lost++;
    }
    link.highestDelivered = seq;
  }

  /** A message will never be delivered, and has an address among the dead letters. */
  deadLettered(from: number, to: number, seq: number): void {
    const link = this.#link(from, to);
    if (!link.open.delete(seq)) return;
    if (seq < link.highestDelivered) this.#lost--;
    this.#deadLettered++;
  }

  totals(): LedgerTotals {
    return {
      sent: this.#sent,
      delivered: this.#delivered,
      deadLettered: this.#deadLettered,
      inFlight: this.#sent - this.#delivered - this.#deadLettered - this.#lost,
      lost: this.#lost,
      duplicated: this.#duplicated,
      misordered: this.#misordered,
      corrupted: this.#corrupted,
    };
  }
}
