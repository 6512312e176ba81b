import { createRng, hash32 } from '../../src/kernel/rng.ts';
import type { JournalPort } from '../../src/memory/journal.ts';
import type { FaultPlan } from '../../src/faults/faultPlan.ts';
import type { VirtualGrove, VirtualGroveConfig } from '../../src/worlds/virtual/virtualGrove.ts';
import { checkPerKey, type Operation, type SequentialSpec } from './linearizability.ts';

/** An incarnation of a node in a life of its grove, as one number: the later, the higher. */
const holderOf = (life: number, inc: number): number => life * 1_000_000 + inc;

type NodeInput =
  | { readonly type: 'place'; readonly node: number; readonly holder: number }
  | { readonly type: 'kill'; readonly node: number }
  | { readonly type: 'look'; readonly node: number };
type NodeOutput =
  | { readonly type: 'kill'; readonly done: boolean }
  | { readonly type: 'look'; readonly inc: number; readonly live: boolean }
  | { readonly type: 'place' };
interface NodeState {
  readonly holder: number;
  /** `starting` until somebody saw it up: when it comes up is its own affair. */
  readonly phase: 'starting' | 'up' | 'dead';
}

/** A node as its conductor's clients see it: placed again and again under higher numbers, up until it is killed. */
const supervision: SequentialSpec<NodeState, NodeInput, NodeOutput> = {
  initial: { holder: 0, phase: 'dead' },
  next(state, input, output) {
    switch (input.type) {
      case 'place':
        return input.holder > state.holder ? [{ holder: input.holder, phase: 'starting' }] : [];
      case 'kill': {
        const dead: NodeState = { ...state, phase: 'dead' };
        if (output?.type !== 'kill') return state.phase === 'dead' ? [state] : [state, dead];
        if (output.done) return state.phase === 'dead' ? [] : [dead];
        return state.phase === 'up' ? [] : [state];
      }
      case 'look':
        if (output?.type !== 'look') return [state];
        if (output.inc !== state.holder % 1_000_000) return [];
        if (!output.live) return state.phase === 'up' ? [] : [state];
        return state.phase === 'dead' ? [] : [{ ...state, phase: 'up' }];
    }
  },
  keyOf: ({ holder, phase }) => `${holder} ${phase}`,
};

type LogInput =
  | { readonly type: 'open'; readonly owner: string; readonly holder: number }
  | {
      readonly type: 'append' | 'replace';
      readonly owner: string;
      readonly holder: number;
      readonly turn: number;
      readonly texts: readonly string[];
    }
  | { readonly type: 'load'; readonly owner: string; readonly holder: number };
type LogOutput =
  | { readonly type: 'ok'; readonly texts?: readonly string[] }
  | { readonly type: 'fenced' }
  | { readonly type: 'failed' };
interface LogState {
  readonly holder: number;
  /** Writes of one holder take effect in the order in which it asked for them. */
  readonly turn: number;
  /** A hash of all texts, one after another. */
  readonly log: number;
}

const EMPTY = 0;
const fold = (log: number, texts: readonly string[]): number =>
  texts.reduce((hash, text) => hash32(text, hash + 1), log);

/** A log of crash memory: one holder at a time, the latest, may write it and read it; all others are refused. */
const ownedLog: SequentialSpec<LogState, LogInput, LogOutput> = {
  initial: { holder: 0, turn: 0, log: EMPTY },
  next(state, input, output) {
    if (input.type === 'open')
      return input.holder > state.holder ? [{ holder: input.holder, turn: 0, log: state.log }] : [];
    if (output?.type === 'fenced') return input.holder < state.holder ? [state] : [];
    if (output?.type === 'failed') return [state];
    const holds = input.holder === state.holder;
    if (input.type === 'load') {
      if (output === undefined) return [state];
      return holds && fold(EMPTY, output.texts ?? []) === state.log ? [state] : [];
    }
    const took = holds && input.turn === state.turn;
    const log = fold(input.type === 'append' ? state.log : EMPTY, input.texts);
    const after: LogState = { holder: state.holder, turn: state.turn + 1, log };
    return took ? [after] : [];
  },
  isPure: (input, output) => input.type === 'load' || output.type !== 'ok',
  keyOf: ({ holder, turn, log }) => `${holder} ${turn} ${log}`,
};

/** Reads what the conductor shows of a node. */
export type Look = (grove: VirtualGrove, node: number) => { readonly inc: number; readonly live: boolean };

export const look: Look = (grove, node) => {
  const view = grove.conductor.snapshot().nodes.find((n) => n.id === node)!;
  return { inc: view.incarnation, live: view.state !== 'dead' && view.state !== 'spawning' };
};

/** Writes down what clients of the conductor and holders of logs do and see, and judges it. */
export interface ConductorHistory {
  readonly session: NonNullable<VirtualGroveConfig['session']>;
  /** Lets clients look at nodes and kill them over slow lines, until `untilMs`. */
  attach(grove: VirtualGrove, plan: FaultPlan, untilMs: number): void;
  violations(): string[];
  readonly operations: number;
}

const CLIENTS = 3;
const LINE_MS = 20;
const PAUSE_MS = 120;

/**
 * @param as the incarnation that crash memory is told; another than the true one takes its fence away
 * @param see how clients look
 */
export function recordConductor(as = (inc: number): number => inc, see: Look = look): ConductorHistory {
  const nodes: Operation<NodeInput, NodeOutput>[] = [];
  const logs: (Operation<LogInput, LogOutput> & { readonly life: number })[] = [];
  const opened: {
    readonly node: number;
    readonly holder: number;
    readonly life: number;
    readonly atMs: number;
  }[] = [];
  /** The node whose holders write a log. */
  const nodeOf = new Map<string, number>();
  const wrong: string[] = [];
  let now = (): number => 0;

  /** Whoever touches a log first has it; nobody else may. */
  function touch(owner: string, node: number): void {
    const first = nodeOf.get(owner) ?? node;
    nodeOf.set(owner, first);
    if (first !== node) wrong.push(`${owner} is held by node ${first} and by node ${node}`);
  }

  const session: ConductorHistory['session'] = (open, node, inc, life) => {
    const holder = holderOf(life, inc);
    const client = `node ${node}, incarnation ${inc} of life ${life}`;
    const atMs = now();
    opened.push({ node, holder, life, atMs });
    if (node > 0)
      nodes.push({
        client,
        input: { type: 'place', node, holder },
        output: { type: 'place' },
        invokedAtMs: atMs,
        returnedAtMs: atMs,
      });
    const port = open(as(inc));
    const turns = new Map<string, number>();
    const nextTurn = (owner: string): number => {
      const turn = turns.get(owner) ?? 0;
      turns.set(owner, turn + 1);
      return turn;
    };
    /** Notes operations that begin now; returns how to note their end. */
    const begin = (inputs: readonly LogInput[]) => {
      const invokedAtMs = now();
      const places = inputs.map((input) => {
        touch(input.owner, node);
        return logs.push({ client, life, input, invokedAtMs, returnedAtMs: Infinity }) - 1;
      });
      return (outputs: (i: number) => LogOutput): void =>
        places.forEach((place, i) => {
          logs[place] = { ...logs[place]!, output: outputs(i), returnedAtMs: now() };
        });
    };
    const refusal = (reason: string): LogOutput => ({ type: reason === 'fenced' ? 'fenced' : 'failed' });
    const wrapped: JournalPort = {
      append(entries, done) {
        const byOwner = new Map<string, string[]>();
        for (const { owner, text } of entries) byOwner.set(owner, [...(byOwner.get(owner) ?? []), text]);
        const end = begin(
          [...byOwner].map(([owner, texts]) => ({
            type: 'append',
            owner,
            holder,
            turn: nextTurn(owner),
            texts,
          })),
        );
        port.append(entries, (r) => {
          end(() => (r.ok ? { type: 'ok' } : refusal(r.error.reason)));
          done(r);
        });
      },
      checkpoint(owner, texts, done) {
        const end = begin([{ type: 'replace', owner, holder, turn: nextTurn(owner), texts }]);
        port.checkpoint(owner, texts, (r) => {
          end(() => (r.ok ? { type: 'ok' } : refusal(r.error.reason)));
          done(r);
        });
      },
      load(owners, done) {
        const end = begin(owners.map((owner) => ({ type: 'load', owner, holder })));
        port.load(owners, (r) => {
          end((i) => (r.ok ? { type: 'ok', texts: r.value[i]! } : refusal(r.error.reason)));
          done(r);
        });
      },
    };
    return wrapped;
  };

  function attach(grove: VirtualGrove, plan: FaultPlan, untilMs: number): void {
    const { clock } = grove.world;
    now = () => clock.nowMs;
    const rng = createRng(`${grove.world.seed}/clients`);
    for (const fault of plan.faults)
      if (fault.type === 'kill')
        nodes.push({
          client: 'the plan',
          input: { type: 'kill', node: fault.node },
          invokedAtMs: fault.atMs,
          returnedAtMs: fault.atMs,
        });
    for (let i = 1; i <= CLIENTS; i++) {
      const client = `client ${i}`;
      const step = (): void => {
        if (clock.nowMs > untilMs) return;
        const node = 1 + rng.int(grove.nodes);
        const kills = rng.next() < 0.04;
        const input: NodeInput = { type: kills ? 'kill' : 'look', node };
        const place = nodes.push({ client, input, invokedAtMs: clock.nowMs, returnedAtMs: Infinity }) - 1;
        clock.at(clock.nowMs + rng.exponential(LINE_MS), () => {
          // Without power nobody hears; the client gives this one up and asks something else later.
          const output = grove.powered ? serve(input) : null;
          clock.at(clock.nowMs + rng.exponential(LINE_MS), () => {
            if (output) nodes[place] = { ...nodes[place]!, output, returnedAtMs: clock.nowMs };
            clock.at(clock.nowMs + rng.exponential(PAUSE_MS), step);
          });
        });
      };
      clock.at(rng.exponential(PAUSE_MS), step);
    }
    const serve = ({ type, node }: NodeInput): NodeOutput =>
      type === 'kill'
        ? { type: 'kill', done: grove.conductor.inject({ type: 'kill', node }) === null }
        : { type: 'look', ...see(grove, node) };
  }

  return {
    session,
    attach,
    get operations() {
      return nodes.length + logs.length;
    },
    violations() {
      const opens = [...nodeOf].flatMap(([owner, node]) =>
        opened
          .filter((o) => o.node === node)
          .map(({ holder, life, atMs }): (typeof logs)[number] => ({
            client: `holder ${holder}`,
            life,
            input: { type: 'open', owner, holder },
            output: { type: 'ok' },
            invokedAtMs: atMs,
            returnedAtMs: atMs,
          })),
      );
      // What a power cut left without an answer has happened by the time at which the next life reads the log, or never.
      const nextLifeAt = (life: number): number => opened.find((o) => o.life > life)?.atMs ?? Infinity;
      const ended = logs.map((op) =>
        op.returnedAtMs === Infinity
          ? { ...op, returnedAtMs: nextLifeAt(op.life), cutShort: true as const }
          : op,
      );
      return [
        ...wrong,
        ...checkPerKey(supervision, nodes, (input) => `node ${input.node}`),
        ...checkPerKey(ownedLog, [...opens, ...ended], (input) => input.owner),
      ];
    },
  };
}
