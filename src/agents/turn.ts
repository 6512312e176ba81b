import { hasMore } from '../bus/batch.ts';
import type { Level, Message } from '../bus/wire.ts';
import type { CancelTimer, Env } from '../kernel/env.ts';
import type { NodeId } from '../kernel/ids.ts';
import type { JournalEntry } from '../memory/journal.ts';
import type { AgentMemory } from '../memory/agentMemoryTypes.ts';
import type { MemoryDraft } from '../memory/record.ts';
import { carryOutWishes, isIdle, noWishes, type MemoryWishes } from '../memory/memoryTurn.ts';
import { agentLogEntry } from './agentLog.ts';
import type { NodeBooks } from './nodeBooks.ts';
import type { SendOptions, Turn } from './behaviour.ts';
import type { LinkRoom } from './linkRoom.ts';
import type { NodeEntry } from './nodeLog.ts';
import type { Resident } from './nodeTypes.ts';
import { CANCEL, type Outcome, type Requests, type RequestType } from './requests.ts';
import { SUBSCRIBE, topicAddress, UNSUBSCRIBE } from './topicAddress.ts';

/** A message before it has its stamp. */
export type Draft = Omit<Message, 'hlc'>;

/** The message of a draft. Most have nothing more than these, and spread costs engines far more than a literal. */
export const stamped = (draft: Draft, hlc: number): Message => {
  const { from, to, kind, body } = draft;
  return hasMore(draft) ? { ...draft, hlc } : { from, to, kind, body, hlc };
};

/** What turns need of their node. */
export interface TurnHost {
  /** What answers may rest on has changed. */
  tellChanged(sources: readonly string[]): void;
  readonly env: Env;
  readonly requests: Requests;
  readonly books: NodeBooks;
  nodeOf(address: string): NodeId | undefined;
  readonly room: LinkRoom;
  /** Sends at level `memory`, at once; false when the link is full. */
  sendNow(draft: Draft): boolean;
  /** Commits, then lets the messages travel. */
  commitAndSend(
    drafts: readonly Draft[],
    entries: readonly NodeEntry[],
    more: readonly JournalEntry[],
    done: () => void,
  ): void;
  noteFull(message: string): void;
  isClosed(): boolean;
}

/** A turn, seen from its node. */
export interface OpenTurn extends Turn {
  commit(entries: readonly NodeEntry[]): void;
  /** Forgets what was gathered and not committed. */
  discard(): void;
  cancelled(): void;
}

const NOTHING_GOES: Draft[] = [];
const NO_OPTIONS: SendOptions = {};

/** One for each message that is dealt with: so its parts are made when they are wanted. */
class AgentTurn implements OpenTurn {
  private readonly host: TurnHost;
  private readonly resident: Resident;
  private readonly message: Message | null;
  private readonly level: Level;
  /** Never `NOTHING_GOES` itself once something goes. */
  private outs: Draft[] = NOTHING_GOES;
  private wishes: MemoryWishes | null = null;
  private cancels: (() => void)[] | null = null;

  constructor(host: TurnHost, resident: Resident, message: Message | null, level: Level) {
    this.host = host;
    this.resident = resident;
    this.message = message;
    this.level = level;
  }

  commit(entries: readonly NodeEntry[]): void {
    const host = this.host;
    const nothing = this.outs.length === 0 && this.wishes === null && entries.length === 0;
    if (nothing || host.isClosed()) return;
    const { memory, id } = this.resident;
    const going = this.outs;
    const wished = this.wishes;
    if (going.length > 0) {
      this.outs = NOTHING_GOES;
      host.room.release(going);
    }
    this.wishes = null;
    if (!memory || id === 'gate' || !wished || isIdle(wished)) {
      if (going.length + entries.length > 0) host.commitAndSend(going, entries, [], () => undefined);
      return;
    }
    host.books.save(this.resident);
    host.tellChanged(changedBy(memory, wished));
    const consolidates = host.books.agentLogs.mayConsolidate(id);
    const { log, records, refused } = carryOutWishes(memory, wished, host.env.now(), consolidates);
    if (refused !== null) host.noteFull(refused);
    const more = log.map((entry) => agentLogEntry(id, entry));
    host.books.agentLogs.note(id, more.length);
    host.commitAndSend(going, entries, more, () => {
      const last = records.at(-1);
      if (last) host.books.noteAcked(id, last.seq, records.length);
    });
    // What was forgotten is still in the log until then.
    host.books.agentLogs.checkpoint(this.resident, wished.forgotten.length > 0);
  }

  private put(draft: Draft, at: Level): boolean {
    if (at === 'memory') return this.host.sendNow(draft);
    if (!this.host.room.reserve(draft.to)) return false;
    if (this.outs.length === 0) this.outs = [draft];
    else this.outs.push(draft);
    return true;
  }

  private get wished(): MemoryWishes {
    return (this.wishes ??= noWishes());
  }

  send(to: string, kind: string, body: unknown, options: SendOptions = NO_OPTIONS): boolean {
    const { deadlineAtMs, level } = options;
    const draft = { from: this.resident.id, to, kind, body };
    return this.put(deadlineAtMs === undefined ? draft : { ...draft, deadlineAtMs }, level ?? 'durable');
  }

  whenRoom(to: string, resume: () => void, at: Level = 'durable'): void {
    this.host.room.when(to, at, resume);
  }

  request<Q, R>(
    type: RequestType<Q, R>,
    to: string,
    body: Q,
    { timeoutMs, level: at = 'durable' }: { readonly timeoutMs: number; readonly level?: Level },
    done: (outcome: Outcome<R>) => void,
  ): CancelTimer {
    const host = this.host;
    const from = this.resident.id;
    const { name, cancel } = host.requests.open(
      type,
      host.nodeOf(to),
      timeoutMs,
      (request) => void host.sendNow({ from, to, kind: CANCEL, body: { request } }),
      done,
    );
    const draft: Draft = { from, to, kind: type.kind, body, request: name };
    if (!this.put({ ...draft, deadlineAtMs: host.requests.deadlineOf(name) }, at)) host.requests.full(name);
    else if (at === 'durable') this.commit([]);
    return cancel;
  }

  reply(body: unknown): boolean {
    const message = this.message;
    if (message?.request === undefined) return false;
    const { from, to, kind, request } = message;
    return this.put({ from: to, to: from, kind: `${kind}/reply`, body, reply: request }, this.level);
  }

  onCancel(cancelled: () => void): void {
    (this.cancels ??= []).push(cancelled);
  }

  publish(topic: string, kind: string, body: unknown, options?: SendOptions): boolean {
    return this.send(topicAddress(topic), kind, body, options);
  }

  subscribe(topic: string, at: Level = 'durable'): boolean {
    return this.put(subscription(this.resident.id, topic, SUBSCRIBE), at);
  }

  unsubscribe(topic: string, at: Level = 'durable'): boolean {
    return this.put(subscription(this.resident.id, topic, UNSUBSCRIBE), at);
  }

  remember(draft: MemoryDraft): void {
    this.wished.drafts.push({ draft, supersedes: 0 });
  }

  supersede(seq: number, draft: MemoryDraft): void {
    this.wished.drafts.push({ draft, supersedes: seq });
  }

  forget(seqs: readonly number[]): void {
    this.wished.forgotten.push(...seqs);
  }

  recalled(seqs: readonly number[]): void {
    this.wished.recalled.push(...seqs);
  }

  commitNow(): void {
    this.commit([]);
  }

  discard(): void {
    this.host.room.release(this.outs);
    this.outs = NOTHING_GOES;
    this.wishes = null;
  }

  cancelled(): void {
    for (const cancelled of this.cancels?.splice(0) ?? []) cancelled();
  }
}

/** The turn in which `resident` deals with `message`, which came at `level`. */
export const createTurn = (
  host: TurnHost,
  resident: Resident,
  message: Message | null,
  level: Level,
): OpenTurn => new AgentTurn(host, resident, message, level);

const subscription = (from: string, topic: string, kind: string): Draft => ({
  from,
  to: topicAddress(topic),
  kind,
  body: null,
});

/** Sources of the memories that a turn forgets or supersedes: answers that rest on them are no longer true. */
function changedBy(memory: AgentMemory, { drafts, forgotten }: MemoryWishes): string[] {
  const seqs = [...forgotten, ...drafts.flatMap((d) => (d.supersedes > 0 ? [d.supersedes] : []))];
  return seqs.flatMap((seq) => memory.get(seq)?.source ?? []);
}
