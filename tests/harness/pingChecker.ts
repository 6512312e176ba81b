/**
 * Judges level `memory` by what agents say they sent and heard: between one incarnation of a sender and one of a receiver
 * each message once, in order, without a gap; and between incarnations that live to the end all of them.
 */
export class PingChecker {
  readonly #sent = new Map<string, number>();
  readonly #heard = new Map<string, { readonly first: number; last: number }>();
  readonly #wrong: string[] = [];
  heard = 0;

  sent(from: number, fromInc: number, to: number, n: number): void {
    this.#sent.set(`${from}.${fromInc}>${to}`, n);
  }

  received(from: number, fromInc: number, to: number, toInc: number, n: number): void {
    this.heard++;
    if (n > (this.#sent.get(`${from}.${fromInc}>${to}`) ?? 0))
      this.#wrong.push(`ping ${n} from ${from}.${fromInc} to ${to} was heard and never sent`);
    const key = `${from}.${fromInc}>${to}.${toInc}`;
    const pair = this.#heard.get(key);
    if (!pair) this.#heard.set(key, { first: n, last: n });
    else {
      if (n !== pair.last + 1) this.#wrong.push(`ping ${n} of ${key} came after ping ${pair.last}`);
      pair.last = n;
    }
  }

  /** @param incOf the incarnation of each agent's node that lives in the end */
  violations(incOf: (agent: number) => number): string[] {
    const wrong = [...this.#wrong];
    for (const [link, n] of this.#sent) {
      const [from, inc] = link.split('>')[0]!.split('.').map(Number) as [number, number];
      if (incOf(from) !== inc) continue;
      const last = Math.max(
        0,
        ...[...this.#heard].filter(([key]) => key.startsWith(`${link}.`)).map(([, pair]) => pair.last),
      );
      if (last !== n)
        wrong.push(`ping ${n} from ${link.replace('>', ' to ')} was the last, and ${last} the last heard`);
    }
    return wrong.slice(0, 5);
  }
}
