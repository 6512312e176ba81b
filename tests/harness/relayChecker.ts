import { contentOf, parseCommitted } from './committed.ts';

/** What is looked at of a message. */
interface Sent {
  readonly kind: string;
  readonly body: { readonly task: number; readonly hops: number } | null;
  readonly deadlineAtMs?: number;
}
interface Letter {
  readonly reason: string;
  readonly kind: string;
}
/** An entry of a node's log as it lies in crash memory, read here without the code that wrote it. */
type Entry = readonly [kind: string, peer: number, seq: number, message?: Sent & Letter];

const MAX_TOLD = 8;
/** A message may become durable so long after its deadline: the way to the disk, a stalled disk, a clock that is behind. */
const LATE_MS = 5_000;

/**
 * Judges a relay by what became durable and by what is found when all is over, knowing nothing of numbers, acks and
 * windows: exactly once, in each sender's order, no effect without a send, no acknowledged memory gone, nothing accepted
 * after its deadline, and what cannot be dealt with given up after as many failures as it may have.
 */
export class RelayChecker {
  /** Per link, contents in the order in which they became durable; of a dead letter its kind. */
  readonly #sent = new Map<string, string[]>();
  readonly #accepted = new Map<string, string[]>();
  /** Per agent, texts that crash memory said it has. */
  readonly #remembered = new Map<string, string[]>();
  readonly #wrong: string[] = [];
  /** Per message, failures noted; and what was given up after it was accepted. */
  readonly #failures = new Map<string, number>();
  readonly #bad = new Map<string, Sent>();
  readonly #lateAfterAll = new Set<number>();
  readonly #now: () => number;
  readonly #poisonAfter: number;
  #dead = 0;
  poisoned = 0;

  /** @param now true time @param poisonAfter failures that a message may have */
  constructor(now: () => number = () => 0, poisonAfter = 3) {
    this.#now = now;
    this.#poisonAfter = poisonAfter;
  }

  /** Hears each durable entry once. */
  committed(owner: string, text: string): void {
    if (owner.startsWith('agent/')) {
      const entry = JSON.parse(text) as [string, { text: string }];
      if (entry[0] === 'memory') push(this.#remembered, owner, entry[1].text);
      return;
    }
    const self = Number(owner.slice('node/'.length));
    const [kind, peer, seq, message] = parseCommitted(text) as Entry;
    const name = `${peer}>${self}/${seq}`;
    switch (kind) {
      case 'out':
        return push(this.#sent, `${self}>${peer}`, contentOf(message!));
      case 'in': {
        push(this.#accepted, `${peer}>${self}`, contentOf(message!));
        const lateMs = this.#now() - (message!.deadlineAtMs ?? Infinity);
        if (lateMs > LATE_MS)
          this.#wrong.push(`${name} was accepted ${Math.round(lateMs)} ms after its deadline`);
        if (message!.kind === 'bad') this.#bad.set(name, message!);
        return;
      }
      case 'failed':
        this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1);
        return;
      case 'poison':
        if (message!.reason === 'poison' && message!.kind === 'bad') {
          this.poisoned++;
          const failures = 1 + (this.#failures.get(name) ?? 0);
          if (failures !== this.#poisonAfter)
            this.#wrong.push(`${name} was given up after ${failures} failures, not ${this.#poisonAfter}`);
          if (!this.#bad.delete(name)) this.#wrong.push(`${name} was given up, and was not in hand`);
        } else if (message!.reason === 'deadline' && message!.kind === 'dated')
          this.#noteLate(peer, self, seq);
        else if (message!.reason !== 'deadline' || message!.kind !== 'sum')
          this.#wrong.push(`nobody gave anything up, yet there is a dead letter: ${text}`);
        return;
      case 'dead':
        this.#dead++;
        push(this.#accepted, `${peer}>${self}`, `dead ${message!.kind}`);
        if (message!.reason !== 'deadline' || (message!.kind !== 'dated' && message!.kind !== 'sum'))
          this.#wrong.push(`nobody gave anything up, yet there is a dead letter: ${text}`);
        return;
      case 'abandon':
      case 'letter':
        this.#wrong.push(`nobody gave anything up, yet there is a dead letter: ${text}`);
    }
  }

  /** Accepted in time, and over when a node that had died came back to it. */
  #noteLate(peer: number, self: number, seq: number): void {
    const text = this.#sent.get(`${peer}>${self}`)?.[seq - 1];
    const task = text === undefined ? undefined : (JSON.parse(text) as Sent).body?.task;
    if (task !== undefined) this.#lateAfterAll.add(task);
  }

  get sent(): number {
    return [...this.#sent.values()].reduce((sum, list) => sum + list.length, 0);
  }

  get accepted(): number {
    return [...this.#accepted.values()].reduce((sum, list) => sum + list.length, 0) - this.#dead;
  }

  get expired(): number {
    return this.#dead;
  }

  /**
   * Everything wrong, up to a few sentences of each kind.
   * @param found the texts of each owner's log, as a new process finds them in the end
   */
  violations(found: ReadonlyMap<string, readonly string[]>): string[] {
    const wrong = [
      ...this.#wrong,
      ...this.#links(),
      ...this.#effects(found),
      ...this.memoryViolations(found),
    ];
    for (const name of this.#bad.keys()) wrong.push(`${name} cannot be dealt with, and was never given up`);
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
      const at = accepted.findIndex((m, i) => sent[i] !== m && !isDeadLetterOf(m, sent[i]));
      if (at >= 0)
        yield `link ${link}: place ${at} of what was accepted is ${accepted[at]!}, but what was sent there is ${sent[at] ?? 'nothing'}`;
    }
    for (const [link, sent] of this.#sent) {
      const accepted = this.#accepted.get(link)?.length ?? 0;
      if (accepted < sent.length)
        yield `link ${link}: ${sent.length - accepted} of ${sent.length} messages were never accepted`;
    }
  }

  /** Texts of what should take effect, by the messages that were accepted. */
  #expected(): Map<string, number> {
    const texts = new Map<string, number>();
    for (const list of this.#accepted.values())
      for (const text of list) {
        if (text.startsWith('dead ')) continue;
        const { kind, body } = JSON.parse(text) as Sent;
        if (kind === 'task') texts.set(`${body!.task}/${body!.hops}`, 1);
        else if (kind === 'dated' && !this.#lateAfterAll.has(body!.task)) texts.set(`dated/${body!.task}`, 1);
      }
    return texts;
  }

  *#effects(found: ReadonlyMap<string, readonly string[]>): Generator<string> {
    const expected = this.#expected();
    const times = new Map<string, number>();
    for (const [owner, texts] of found) {
      if (!owner.startsWith('agent/')) continue;
      const memories = memoriesOf(texts);
      yield* this.#news(owner, memories.filter(isNews));
      for (const memory of memories) if (!isNews(memory)) times.set(memory, (times.get(memory) ?? 0) + 1);
    }
    for (const [effect, n] of times) {
      if (n > 1) yield `${effect} took effect ${n} times`;
      if (!expected.has(effect)) yield `${effect} took effect and was never sent, or came too late`;
      const [number, hops] = effect.split('/').map(Number) as [number, number];
      if (hops > 0 && !Number.isNaN(number) && !expected.has(`${number}/${hops - 1}`))
        yield `task ${effect} took effect and was not passed on`;
    }
    for (const effect of expected.keys())
      if (!times.has(effect)) yield `${effect} was sent and never took effect`;
  }

  /** Who hears a topic hears, from its first publication on, every one, once, in order. */
  *#news(owner: string, heard: readonly string[]): Generator<string> {
    const published = [...this.#sent].flatMap(([link, list]) =>
      link.startsWith('0>')
        ? list
            .map((text) => JSON.parse(text) as Sent & { to: string })
            .filter((m) => m.to === 'topic/news' && m.kind === 'news')
            .map((m) => `news/${m.body!.task}`)
        : [],
    );
    const from = heard.length === 0 ? published.length : published.indexOf(heard[0]!);
    const due = from < 0 ? [] : published.slice(from);
    if (heard.join() !== due.join())
      yield `${owner} heard ${heard.join(' ') || 'no news'}, and should have heard ${due.join(' ')}`;
  }
}

const isNews = (memory: string): boolean => memory.startsWith('news/');

/** Whether a dead letter is what became of that message. */
const isDeadLetterOf = (letter: string, sent: string | undefined): boolean =>
  letter.startsWith('dead ') &&
  sent !== undefined &&
  (JSON.parse(sent) as Sent).kind === letter.slice('dead '.length);

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
