import type { Level, Message } from '../bus/wire.ts';
import type { CancelTimer, Env } from '../kernel/env.ts';
import type { NodeId } from '../kernel/ids.ts';
import type { JournalEntry } from '../memory/journal.ts';
import type { AgentMemory } from '../memory/agentMemoryTypes.ts';
import { carryOutWishes, isIdle, noWishes } from '../memory/memoryTurn.ts';
import { agentLogEntry } from './agentLog.ts';
import type { NodeBooks } from './nodeBooks.ts';
import type { SendOptions, Turn } from './behaviour.ts';
import type { LinkRoom } from './linkRoom.ts';
import type { NodeEntry } from './nodeLog.ts';
import type { Resident } from './nodeTypes.ts';
import { CANCEL, type Requests } from './requests.ts';
import { SUBSCRIBE, topicAddress, UNSUBSCRIBE } from './topicAddress.ts';

/** A message before it has its stamp. */
export type Draft = Omit<Message, 'hlc'>;

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
  readonly closed: boolean;
}

/** A turn, seen from its node. */
export interface OpenTurn extends Turn {
  commit(entries: readonly NodeEntry[]): void;
  /** Forgets what was gathered and not committed. */
  discard(): void;
  cancelled(): void;
}

/** The turn in which `resident` deals with `message`, which came at `level`. */
export function createTurn(
  host: TurnHost,
  resident: Resident,
  message: Message | null,
  level: Level,
): OpenTurn {
  let outs: Draft[] = [];
  let wishes = noWishes();
  const cancels: (() => void)[] = [];

  function commit(entries: readonly NodeEntry[]): void {
    if (host.closed) return;
    const { memory, id } = resident;
    const going = outs;
    const wished = wishes;
    outs = [];
    wishes = noWishes();
    host.room.release(going);
    if (!memory || id === 'gate' || isIdle(wished))
      return host.commitAndSend(going, entries, [], () => undefined);
    host.books.save(resident);
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
    host.books.agentLogs.checkpoint(resident, wished.forgotten.length > 0);
  }

  function put(draft: Draft, at: Level): boolean {
    if (at === 'memory') return host.sendNow(draft);
    if (!host.room.reserve(draft.to)) return false;
    outs.push(draft);
    return true;
  }

  const send = (to: string, kind: string, body: unknown, options: SendOptions = {}): boolean => {
    const { deadlineAtMs } = options;
    const draft = { from: resident.id, to, kind, body };
    return put(deadlineAtMs === undefined ? draft : { ...draft, deadlineAtMs }, options.level ?? 'durable');
  };

  return {
    send,
    whenRoom: (to, resume, at = 'durable') => host.room.when(to, at, resume),
    request(type, to, body, { timeoutMs, level: at = 'durable' }, done): CancelTimer {
      const { name, cancel } = host.requests.open(
        type,
        host.nodeOf(to),
        timeoutMs,
        (request) => void host.sendNow({ from: resident.id, to, kind: CANCEL, body: { request } }),
        done,
      );
      const draft: Draft = { from: resident.id, to, kind: type.kind, body, request: name };
      if (!put({ ...draft, deadlineAtMs: host.requests.deadlineOf(name) }, at)) host.requests.full(name);
      else if (at === 'durable') commit([]);
      return cancel;
    },
    reply(body) {
      if (message?.request === undefined) return false;
      const { from, to, kind, request } = message;
      return put({ from: to, to: from, kind: `${kind}/reply`, body, reply: request }, level);
    },
    onCancel: (cancelled) => void cancels.push(cancelled),
    publish: (topic, kind, body, options) => send(topicAddress(topic), kind, body, options),
    subscribe: (topic, at = 'durable') => put(subscription(resident.id, topic, SUBSCRIBE), at),
    unsubscribe: (topic, at = 'durable') => put(subscription(resident.id, topic, UNSUBSCRIBE), at),
    remember: (draft) => void wishes.drafts.push({ draft, supersedes: 0 }),
    supersede: (seq, draft) => void wishes.drafts.push({ draft, supersedes: seq }),
    forget: (seqs) => void wishes.forgotten.push(...seqs),
    recalled: (seqs) => void wishes.recalled.push(...seqs),
    commitNow: () => commit([]),
    commit,
    discard() {
      host.room.release(outs);
      outs = [];
      wishes = noWishes();
    },
    cancelled() {
      for (const cancelled of cancels.splice(0)) cancelled();
    },
  };
}

const subscription = (from: string, topic: string, kind: string): Draft => ({
  from,
  to: topicAddress(topic),
  kind,
  body: null,
});

/** Sources of the memories that a turn forgets or supersedes: answers that rest on them are no longer true. */
function changedBy(memory: AgentMemory, { drafts, forgotten }: ReturnType<typeof noWishes>): string[] {
  const seqs = [...forgotten, ...drafts.flatMap((d) => (d.supersedes > 0 ? [d.supersedes] : []))];
  return seqs.flatMap((seq) => memory.get(seq)?.source ?? []);
}
