/** An entry of a node's log as it lies in crash memory, read here without the code that wrote it. */
type Entry = readonly [kind: string, peer: number, seq: number, message?: { kind: string; body: unknown }];

const MAX_TOLD = 8;

/**
 * Judges a relay by what became durable and by what is found when all is over, knowing nothing of numbers, acks and
 * windows: exactly once, in each sender's order, no effect without a send, no acknowledged memory gone.
 */
export class RelayChecker {
  /** Per link, contents in the order in which they became durable. */
  readonly #sent = new Map<string, string[]>();
  readonly #accepted = new Map<string, string[]>();
  /** Per agent, texts that crash memory said it has. */
  readonly #remembered = new Map<string, string[]>();
  readonly #deadLetters: string[] = [];

  /** Hears each durable entry once. */
  committed(owner: string, text: string): void {
    if (owner.startsWith('agent/')) {
      const entry = JSON.parse(text) as [string, { text: string }];
      if (entry[0] === 'memory') push(this.#remembered, owner, entry[1].text);
      return;
    }
    const self = Number(owner.slice('node/'.length));
    const [kind, peer, , message] = JSON.parse(text) as Entry;
    if (kind === 'out') push(this.#sent, `${self}>${peer}`, JSON.stringify(message));
    if (kind === 'in') push(this.#accepted, `${peer}>${self}`, JSON.stringify(message));
    if (kind === 'dead' || kind === 'abandon') this.#deadLetters.push(text);
  }

  get sent(): number {
    return [...this.#sent.values()].reduce((sum, list) => sum + list.length, 0);
  }

  get accepted(): number {
    return [...this.#accepted.values()].reduce((sum, list) => sum + list.length, 0);
  }

  /**
   * Everything wrong, up to a few sentences of each kind.
   * @param found the texts of each owner's log, as a new process finds them in the end
   */
  violations(found: ReadonlyMap<string, readonly string[]>): string[] {
    const wrong = [...this.#links(), ...this.#effects(found), ...this.memoryViolations(found)];
    for (const letter of this.#deadLetters)
      wrong.push(`nobody gave anything up, yet there is a dead letter: ${letter}`);
    return wrong.slice(0, MAX_TOLD);
  }

  /** Of the links alone. */
  linkViolations(): string[] {
    return [...this.#links()].slice(0, MAX_TOLD);
  }

  /** Acknowledged memories that are not there in the end. */
  memoryViolations(found: ReadonlyMap<string, readonly string[]>): string[] {
    const wrong: string[] = [];
    for (const [owner, acked] of this.#remembered) {
      const kept = memoriesOf(found.get(owner) ?? []);
      const at = acked.findIndex((text, i) => kept[i] !== text);
      if (at >= 0)
        wrong.push(
          `${owner}: memory ${at} was acknowledged as ${acked[at]!} and is ${kept[at] ?? 'gone'} in the end`,
        );
    }
    return wrong.slice(0, MAX_TOLD);
  }

  *#links(): Generator<string> {
    for (const [link, accepted] of this.#accepted) {
      const sent = this.#sent.get(link) ?? [];
      const at = accepted.findIndex((m, i) => sent[i] !== m);
      if (at >= 0)
        yield `link ${link}: place ${at} of what was accepted is ${accepted[at]!}, but what was sent there is ${sent[at] ?? 'nothing'}`;
    }
    for (const [link, sent] of this.#sent) {
      const accepted = this.#accepted.get(link)?.length ?? 0;
      if (accepted < sent.length)
        yield `link ${link}: ${sent.length - accepted} of ${sent.length} messages were never accepted`;
    }
  }

  *#effects(found: ReadonlyMap<string, readonly string[]>): Generator<string> {
    const tasks = new Set<string>();
    for (const list of this.#sent.values())
      for (const text of list) {
        const { kind, body } = JSON.parse(text) as { kind: string; body: { task: number; hops: number } };
        if (kind === 'task') tasks.add(`${body.task}/${body.hops}`);
      }
    const times = new Map<string, number>();
    for (const [owner, texts] of found) {
      if (!owner.startsWith('agent/')) continue;
      for (const memory of memoriesOf(texts)) times.set(memory, (times.get(memory) ?? 0) + 1);
    }
    for (const [task, n] of times) {
      if (n > 1) yield `task ${task} took effect ${n} times`;
      if (!tasks.has(task)) yield `task ${task} took effect and was never sent`;
      const [number, hops] = task.split('/').map(Number) as [number, number];
      if (hops > 0 && !tasks.has(`${number}/${hops - 1}`))
        yield `task ${task} took effect and was not passed on`;
    }
    for (const task of tasks) if (!times.has(task)) yield `task ${task} was sent and never took effect`;
  }
}

/** The texts that an agent's log remembers, in order. */
const memoriesOf = (log: readonly string[]): string[] =>
  log
    .map((text) => JSON.parse(text) as [string, { text: string }])
    .filter(([kind]) => kind === 'memory')
    .map(([, record]) => record.text);

function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
