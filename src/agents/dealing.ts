import type { DeadLetter, DeadReason } from '../bus/deadLetters.ts';
import type { Level, Message } from '../bus/wire.ts';
import type { Env } from '../kernel/env.ts';
import type { NodeId } from '../kernel/ids.ts';
import type { JournalEntry } from '../memory/journal.ts';
import { letterOf, type NodeEntry } from './nodeLog.ts';
import type { NodeCounters } from './busReport.ts';
import type { NodeConfig, Resident } from './nodeTypes.ts';
import { CANCEL } from './requests.ts';
import { isTopic } from './topicAddress.ts';
import type { Topics } from './topics.ts';
import { createTurn, type OpenTurn, type TurnHost } from './turn.ts';

/** What dealing with messages needs of its node. */
export interface DealingHost {
  readonly env: Env;
  readonly config: NodeConfig;
  readonly byAddress: ReadonlyMap<string, Resident>;
  readonly counters: NodeCounters;
  readonly host: TurnHost;
  readonly topics: Topics;
  append(entries: readonly NodeEntry[], more: readonly JournalEntry[], done: () => void): void;
  /** Counts a dead letter, and tells whoever asked. */
  bury(message: Message, level: Level, reason: DeadReason, detail: string): void;
  /** One message less in hand: its room opens. */
  dealtWith(from: NodeId, level: Level): void;
  /** Keeps a dead letter that is not committed. */
  note(letter: DeadLetter): void;
}

/** Hands on what came, to behaviours, requests and topics; tries again what failed, and gives up what keeps failing. */
export interface Dealer {
  /** @param seq its number on the link from `from`; of no meaning at level `memory` @param failures so often it has failed */
  handOn(from: NodeId, seq: number, message: Message, level: Level, failures: number): void;
}

const NO_ENTRIES: readonly NodeEntry[] = [];

export function createDealer(around: DealingHost): Dealer {
  const { env, config, byAddress, counters, host, topics } = around;
  /** Requests that are dealt with now, by name. */
  const dealing = new Map<string, OpenTurn>();

  /** Gives a message to whom it is for. */
  function handOn(from: NodeId, seq: number, message: Message, level: Level, failures: number): void {
    if (host.isClosed()) return;
    if (message.reply !== undefined || message.kind === CANCEL) {
      if (message.reply !== undefined) {
        if (!host.requests.hear(message)) counters.staleReplies++;
      } else dealing.get((message.body as { readonly request?: string } | null)?.request ?? '')?.cancelled();
      finish(from, seq, level, []);
      return;
    }
    if (message.deadlineAtMs !== undefined && env.now() > message.deadlineAtMs)
      return giveUp(from, seq, message, level, 'deadline', 'it was not dealt with by its deadline');
    const resident = byAddress.get(message.to);
    if (resident) deal(resident, from, seq, message, level, failures);
    else if (isTopic(message.to)) publish(from, seq, message, level);
    else giveUp(from, seq, message, level, 'no such address', `nobody here is called ${message.to}`);
  }

  /** Ends a message without a turn: notes that it was dealt with. */
  function finish(from: NodeId, seq: number, level: Level, entries: readonly NodeEntry[]): void {
    counters.dealt++;
    const all: NodeEntry[] = level === 'durable' ? [['dealt', from, seq], ...entries] : [...entries];
    if (all.length > 0) around.append(all, [], () => undefined);
    around.dealtWith(from, level);
  }

  /** Ends a message among the dead letters, after it was accepted. */
  function giveUp(
    from: NodeId,
    seq: number,
    message: Message,
    level: Level,
    reason: DeadReason,
    detail: string,
  ): void {
    const letter = letterOf(message, reason, detail);
    if (level === 'durable') around.append([['poison', from, seq, letter]], [], () => undefined);
    else around.note(letter);
    around.bury(message, level, reason, detail);
    around.dealtWith(from, level);
  }

  /** A publication reached its topic's home: it goes on to all who hear it, each on the link to its node. */
  function publish(from: NodeId, seq: number, message: Message, level: Level): void {
    const changes = topics.change(message, level);
    if (changes) return finish(from, seq, level, changes);
    topics.publish(message, level, host, (copies) => {
      counters.dealt++;
      host.commitAndSend(copies, level === 'durable' ? [['dealt', from, seq]] : [], [], () => undefined);
      around.dealtWith(from, level);
    });
  }

  function deal(
    resident: Resident,
    from: NodeId,
    seq: number,
    message: Message,
    level: Level,
    failures: number,
  ): void {
    const turn = createTurn(host, resident, message, level);
    if (message.request !== undefined) dealing.set(message.request, turn);
    try {
      const result = resident.behaviour.receive(message, turn);
      if (result)
        result.then(
          () => ended(turn, from, seq, message, level),
          (e: unknown) => failed(e, resident, turn, from, seq, message, level, failures),
        );
      else ended(turn, from, seq, message, level);
    } catch (e) {
      failed(e, resident, turn, from, seq, message, level, failures);
    }
  }

  function ended(turn: OpenTurn, from: NodeId, seq: number, message: Message, level: Level): void {
    if (host.isClosed()) return;
    if (message.request !== undefined) dealing.delete(message.request);
    counters.dealt++;
    turn.commit(level === 'durable' ? [['dealt', from, seq]] : NO_ENTRIES);
    around.dealtWith(from, level);
  }

  function failed(
    e: unknown,
    resident: Resident,
    turn: OpenTurn,
    from: NodeId,
    seq: number,
    message: Message,
    level: Level,
    failures: number,
  ): void {
    if (host.isClosed()) return;
    turn.discard();
    if (message.request !== undefined) dealing.delete(message.request);
    counters.failures++;
    const detail = `${resident.id} could not deal with a ${message.kind}: ${String(e)}`;
    if (failures + 1 >= config.bus.poisonAfter) {
      counters.poisoned++;
      config.onPoison(detail);
      giveUp(from, seq, message, level, 'poison', detail);
      return;
    }
    // The count is committed, so that a message cannot poison one incarnation after the other.
    if (level === 'durable') around.append([['failed', from, seq, String(e)]], [], () => undefined);
    env.setTimer(config.bus.retryMs * 2 ** Math.min(failures, 10), () =>
      handOn(from, seq, message, level, failures + 1),
    );
  }

  return { handOn };
}
