import type { Message } from '../../src/bus/wire.ts';

/** What went in and came out of links, checked apart from the bus: exactly once, in the sender's order, unchanged. */
export class BusChecker {
  readonly #sent = new Map<string, string[]>();
  readonly #received = new Map<string, string[]>();

  sent(from: number, to: number, message: Message): void {
    push(this.#sent, `${from}>${to}`, JSON.stringify(message));
  }

  received(from: number, to: number, message: Message): void {
    push(this.#received, `${from}>${to}`, JSON.stringify(message));
  }

  /** Everything wrong so far; with `settled` also what has not arrived. */
  violations(settled: boolean): string[] {
    const found: string[] = [];
    for (const [link, sent] of this.#sent) {
      const received = this.#received.get(link) ?? [];
      received.forEach((m, i) => {
        if (sent[i] !== m) found.push(`${link}: place ${i} should be ${sent[i]}, was ${m}`);
      });
      if (settled && received.length < sent.length)
        found.push(`${link}: ${sent.length - received.length} of ${sent.length} did not arrive`);
    }
    for (const link of this.#received.keys())
      if (!this.#sent.has(link)) found.push(`${link}: nothing was sent`);
    return found.slice(0, 5);
  }
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
