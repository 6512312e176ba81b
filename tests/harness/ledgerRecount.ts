import { contentOf, parseCommitted } from './committed.ts';
import type { LedgerTotals } from '../../src/bus/ledger.ts';

/** What was committed about one message, in the order in which it was heard. */
type Fact = { readonly seq: number } & (
  { readonly type: 'sent' | 'delivered'; readonly content: string } | { readonly type: 'dead' }
);
type Entry = readonly [kind: string, peer: number, seq: number, more?: unknown];

/**
 * Counts what the ledger counts, by itself and only in the end: it keeps every fact and each content whole, and derives
 * each total by its definition instead of keeping running sums.
 */
export class LedgerRecount {
  readonly #links = new Map<string, Fact[]>();

  /** Hears each durable entry once. */
  committed(owner: string, text: string): void {
    if (!owner.startsWith('node/')) return;
    const self = Number(owner.slice('node/'.length));
    const [kind, peer, seq, more] = parseCommitted(text) as Entry;
    switch (kind) {
      case 'out':
        return this.note(self, peer, { type: 'sent', seq, content: contentOf(more as object) });
      case 'in':
        return this.note(peer, self, { type: 'delivered', seq, content: contentOf(more as object) });
      case 'dead':
        return this.note(peer, self, { type: 'dead', seq });
      case 'abandon':
        for (let i = 0; i < (more as number); i++) this.note(self, peer, { type: 'dead', seq: seq + i });
    }
  }

  note(from: number, to: number, fact: Fact): void {
    const key = `${from}>${to}`;
    const facts = this.#links.get(key);
    if (facts) facts.push(fact);
    else this.#links.set(key, [fact]);
  }

  totals(): Omit<LedgerTotals, 'overdue'> {
    const sum = {
      sent: 0,
      delivered: 0,
      deadLettered: 0,
      inFlight: 0,
      lost: 0,
      duplicated: 0,
      misordered: 0,
      corrupted: 0,
    };
    for (const facts of this.#links.values()) {
      const sent = new Map<number, { readonly at: number; readonly content: string }>();
      facts.forEach((f, at) => {
        if (f.type === 'sent' && !sent.has(f.seq)) sent.set(f.seq, { at, content: f.content });
      });
      /** What ended each message first after it was sent. */
      const ends = new Map<number, Fact>();
      let highest = 0;
      facts.forEach((f, at) => {
        if (f.type === 'sent') return;
        const origin = sent.get(f.seq);
        const fresh = origin !== undefined && origin.at < at && !ends.has(f.seq);
        if (fresh) ends.set(f.seq, f);
        if (f.type === 'dead') return;
        if (!fresh) sum.duplicated++;
        else if (f.seq < highest) sum.misordered++;
        if (fresh) highest = Math.max(highest, f.seq);
      });
      sum.sent += sent.size;
      for (const [seq, { content }] of sent) {
        const end = ends.get(seq);
        if (end?.type === 'delivered') {
          sum.delivered++;
          if (end.content !== content) sum.corrupted++;
        } else if (end?.type === 'dead') sum.deadLettered++;
        else if (seq < highest) sum.lost++;
        else sum.inFlight++;
      }
    }
    return sum;
  }

  /** Where the ledger says otherwise. */
  disagreements(ledger: LedgerTotals): string[] {
    return Object.entries(this.totals()).flatMap(([key, counted]) => {
      const said = ledger[key as keyof LedgerTotals];
      return said === counted ? [] : [`the ledger has ${said} ${key}, a recount ${counted}`];
    });
  }
}
