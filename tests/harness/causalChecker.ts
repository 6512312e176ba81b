import { parseCommitted } from './committed.ts';

/** A committed entry of a node's log as far as it matters here: `["out", to, number, message]` or `["in", from, number, message]`. */
type Entry = readonly [kind: string, peer: number, seq: number, message?: Stamped];
interface Stamped {
  readonly hlc?: number;
  readonly body?: unknown;
}

/** What a node knew when it sent a message. */
interface Sent {
  /** Per node, how many of its events had happened before (Mattern, 1989; Fidge, 1988), the sending itself included. */
  readonly clock: readonly number[];
  /** Per pair of nodes, how many messages were known to have been sent (Raynal, Schiper and Toueg, 1991). */
  readonly known: readonly number[];
  readonly latest: Stamp;
}

interface Stamp {
  readonly hlc: number;
  readonly what: string;
}

interface NodeRecord {
  clock: number[];
  known: number[];
  /** The highest stamp among all that happened before. */
  latest: Stamp;
  /** Per sender, how many of its messages were accepted. */
  readonly accepted: number[];
  /** Names of the messages accepted. */
  readonly heard: Set<string>;
}

const MAX_TOLD = 8;
/** Among more nodes than this, overtakings are not counted: it takes the square of their number for each message. */
const MATRIX_NODES_MAX = 32;

/**
 * Judges cause and effect by what nodes committed and in which order, one node's log at a time: vector clocks say what
 * happened before what, and everything that happened before is a cause. Knows nothing of links, acks and stamps' making.
 * - Nothing is accepted that was not sent.
 * - What a message is the answer to (`causeOf`) was accepted by its sender before.
 * - The stamp of every message is higher than those of all its causes: the hybrid logical clock follows causality.
 */
export class CausalChecker {
  readonly #nodes: NodeRecord[];
  readonly #matrix: boolean;
  readonly #sent = new Map<string, Sent>();
  readonly #wrong: string[] = [];
  readonly #nameOf: (message: unknown) => string | null;
  readonly #causeOf: (message: unknown) => string | null;
  /** Messages with a stamp. */
  stamped = 0;
  /**
   * Messages accepted before one that was sent to the same node earlier, as cause and effect see it. Links keep the order of
   * each sender and promise no more, so this is a finding, not a fault.
   */
  overtakings = 0;

  /**
   * @param nodes how many there are, the gate included
   * @param nameOf a message's name, for those that may be causes
   * @param causeOf the name of the message that one is the answer to
   */
  constructor(
    nodes: number,
    nameOf: (message: unknown) => string | null = () => null,
    causeOf: (message: unknown) => string | null = () => null,
  ) {
    this.#matrix = nodes <= MATRIX_NODES_MAX;
    this.#nameOf = nameOf;
    this.#causeOf = causeOf;
    this.#nodes = Array.from({ length: nodes }, () => ({
      clock: new Array<number>(nodes).fill(0),
      known: new Array<number>(this.#matrix ? nodes * nodes : 0).fill(0),
      latest: { hlc: -1, what: '' },
      accepted: new Array<number>(nodes).fill(0),
      heard: new Set<string>(),
    }));
  }

  /** Hears each durable entry once, in the order of its log. */
  committed(owner: string, text: string): void {
    if (!owner.startsWith('node/')) return;
    const self = Number(owner.slice('node/'.length));
    const [kind, peer, seq, message] = parseCommitted(text) as Entry;
    if (message === undefined) return;
    if (kind === 'out') this.#send(self, peer, seq, message);
    if (kind === 'in') this.#accept(peer, self, seq, message);
    if (kind === 'dead') this.#nodes[self]!.accepted[peer]!++;
  }

  #send(from: number, to: number, seq: number, message: Stamped): void {
    const node = this.#nodes[from]!;
    const what = `message ${seq} from ${from} to ${to}`;
    const cause = this.#causeOf(message);
    if (cause !== null && !node.heard.has(cause))
      this.#wrong.push(`${what} answers ${cause}, which node ${from} had not accepted`);
    node.clock[from]!++;
    if (message.hlc !== undefined) {
      this.stamped++;
      if (message.hlc <= node.latest.hlc)
        this.#wrong.push(
          `${what} is stamped ${message.hlc}, not later than ${node.latest.what}, stamped ${node.latest.hlc}, which happened before it (vector clock ${node.clock.join(' ')})`,
        );
      else node.latest = { hlc: message.hlc, what };
    }
    if (this.#matrix) node.known[from * this.#nodes.length + to]!++;
    this.#sent.set(`${from}>${to}/${seq}`, {
      clock: [...node.clock],
      known: [...node.known],
      latest: node.latest,
    });
  }

  #accept(from: number, self: number, seq: number, message: Stamped): void {
    const node = this.#nodes[self]!;
    const sent = this.#sent.get(`${from}>${self}/${seq}`);
    if (sent === undefined) {
      this.#wrong.push(
        `node ${self} accepted message ${seq} of node ${from}, which had not been sent, or a second time`,
      );
      return;
    }
    this.#sent.delete(`${from}>${self}/${seq}`);
    node.accepted[from]!++;
    const n = this.#nodes.length;
    for (let other = 0; this.#matrix && other < n; other++)
      if (other !== from && sent.known[other * n + self]! > node.accepted[other]!) {
        this.overtakings++;
        break;
      }
    node.clock[self]!++;
    node.clock = node.clock.map((count, i) => Math.max(count, sent.clock[i]!));
    node.known = node.known.map((count, i) => Math.max(count, sent.known[i]!));
    if (sent.latest.hlc > node.latest.hlc) node.latest = sent.latest;
    const name = this.#nameOf(message);
    if (name !== null) node.heard.add(name);
  }

  violations(): string[] {
    return this.#wrong.slice(0, MAX_TOLD);
  }
}

interface Task {
  readonly kind?: string;
  readonly body?: { readonly task?: number; readonly hops?: number };
}
const taskOf = (message: unknown): { task: number; hops: number } | null => {
  const { kind, body } = message as Task;
  return kind === 'task' && body?.task !== undefined && body.hops !== undefined
    ? { task: body.task, hops: body.hops }
    : null;
};

/** For a relay: a task is passed on only by a node that has accepted it; the gate puts it first. */
export const relayCauses = (nodes: number): CausalChecker => {
  /** The hops with which each task was put: the first that is heard of it. */
  const put = new Map<number, number>();
  return new CausalChecker(
    nodes + 1,
    (message) => {
      const t = taskOf(message);
      return t && `task ${t.task}/${t.hops}`;
    },
    (message) => {
      const t = taskOf(message);
      if (t === null) return null;
      const first = put.get(t.task);
      if (first === undefined) put.set(t.task, t.hops);
      return first === undefined ? null : `task ${t.task}/${t.hops + 1}`;
    },
  );
};
