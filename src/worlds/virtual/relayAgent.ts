import type { Behaviour, Turn } from '../../agents/behaviour.ts';
import type { Node } from '../../agents/nodeTypes.ts';
import { GATE_ADDRESS } from '../../agents/protocol.ts';
import type { RequestType } from '../../agents/requests.ts';
import type { Message } from '../../bus/wire.ts';
import type { Env } from '../../kernel/env.ts';
import { agentId, type AgentId } from '../../kernel/ids.ts';
import { integer, object } from '../../kernel/schema.ts';
import type { VirtualWorld } from './virtualWorld.ts';

/** What agents of a relay pass on: `hops` more times. */
export interface RelayTask {
  readonly task: number;
  readonly hops: number;
}

/** What one agent tells another at level `memory`: its n-th to that one in this incarnation. */
export interface RelayPing {
  readonly inc: number;
  readonly n: number;
}

/** A request with an answer that anyone can check. */
export const SUM: RequestType<{ readonly a: number; readonly b: number }, { readonly sum: number }> = {
  kind: 'sum',
  body: object({ a: integer(), b: integer() }),
  reply: object({ sum: integer() }),
};

/** The topic that every agent of a relay hears. */
export const NEWS = 'news';

/** What an onlooker hears of a relay that lies in no log. */
export interface RelayEars {
  readonly onPingSent?: (from: number, fromInc: number, to: number, n: number) => void;
  readonly onPing?: (from: number, fromInc: number, to: number, toInc: number, n: number) => void;
  /** How a request ended, and what was wrong with its reply; null for nothing. */
  readonly onOutcome?: (outcome: string, wrong: string | null) => void;
}

/** A task takes its time at every so manieth agent, so that a crash can fall into it. */
const SLOW_EVERY = 3;
const SLOW_MS = 40;
/** Tasks that ask another agent before they are passed on; every second of those gives up early. */
const ASK_EVERY = 4;
const ASK_TIMEOUT_MS = 1_500;
const ASK_PATIENCE_MS = 15;

/** Beside tasks the gate sends a message with a deadline, a publication, and one that nobody can deal with, every so often. */
const DATED_EVERY = 3;
const DATED_MS = 300;
const NEWS_EVERY = 5;
const BAD_EVERY = 10;

export interface RelayAgentConfig {
  readonly world: VirtualWorld;
  readonly env: Env;
  /** From 0. */
  readonly index: number;
  readonly inc: number;
  readonly nodes: number;
  readonly ears: RelayEars;
  readonly onReceived: () => void;
}

/**
 * An agent that remembers every task it gets and passes it on while it has hops left. On the way it uses what the bus has:
 * it tells others at level `memory`, asks and is asked, hears a topic, gets messages with deadlines, and some that it cannot
 * deal with. When a link is full it waits.
 */
export function createRelayAgent(config: RelayAgentConfig): Behaviour {
  const { world, env, index, inc, nodes, ears } = config;
  const pings = new Array<number>(nodes).fill(0);

  const remember = (turn: Turn, text: string): void =>
    turn.remember({
      kind: 'exchange',
      text,
      speaker: '',
      date: '',
      ring: 'now',
      source: `exchange/${text}`,
      atMs: env.now(),
    });

  function ping(turn: Turn, to: number): void {
    const n = pings[to]! + 1;
    if (!turn.send(agentId(to), 'ping', { inc, n } satisfies RelayPing, { level: 'memory' })) return;
    pings[to] = n;
    ears.onPingSent?.(index, inc, to, n);
  }

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      env.setTimer(ms, () => {
        resolve();
        world.wake();
      });
    });

  function ask(turn: Turn, task: RelayTask, to: number): Promise<void> {
    const body = { a: task.task * 100, b: task.hops };
    return new Promise((resolve) => {
      const cancel = turn.request(SUM, agentId(to), body, { timeoutMs: ASK_TIMEOUT_MS }, (outcome) => {
        const wrong =
          outcome.type === 'reply' && outcome.body.sum !== body.a + body.b
            ? `the sum of ${body.a} and ${body.b} came as ${outcome.body.sum}`
            : null;
        ears.onOutcome?.(outcome.type, wrong);
        resolve();
        world.wake();
      });
      if (task.task % (2 * ASK_EVERY) === 0) env.setTimer(ASK_PATIENCE_MS, cancel);
    });
  }

  /** Sends as soon as there is room. */
  function pass(turn: Turn, to: string, task: RelayTask): Promise<void> {
    return new Promise((resolve) => {
      const tryIt = (): void => {
        if (!turn.send(to, 'task', task)) return turn.whenRoom(to, tryIt);
        resolve();
        world.wake();
      };
      tryIt();
    });
  }

  async function relay(turn: Turn, { task, hops }: RelayTask): Promise<void> {
    const next = (index + 1 + (task % Math.max(1, nodes - 1))) % nodes;
    ping(turn, next);
    if ((task + hops) % SLOW_EVERY === 0) await wait(SLOW_MS);
    if (task % ASK_EVERY === 0) await ask(turn, { task, hops }, next);
    remember(turn, `${task}/${hops}`);
    if (hops > 0) await pass(turn, agentId(next), { task, hops: hops - 1 });
  }

  return {
    receive(message: Message, turn: Turn) {
      config.onReceived();
      switch (message.kind) {
        case 'task': {
          const relayed = relay(turn, message.body as RelayTask);
          world.wake();
          return relayed;
        }
        case 'ping': {
          const { inc: fromInc, n } = message.body as RelayPing;
          ears.onPing?.(Number(message.from.slice(1)), fromInc, index, inc, n);
          return;
        }
        case SUM.kind: {
          const r = SUM.body.parse(message.body);
          if (!r.ok) throw new Error('this is no sum');
          turn.reply({ sum: r.value.a + r.value.b });
          return;
        }
        case 'dated':
          remember(turn, `dated/${(message.body as RelayTask).task}`);
          return;
        case NEWS:
          remember(turn, `news/${(message.body as RelayTask).task}`);
          return;
        default:
          throw new Error(`a relay does not know messages of kind ${message.kind}`);
      }
    },
  };
}

/** Puts a task as the gate, and what comes with it; false when the link is full and nothing was put. */
export function putTask(gate: Node, body: RelayTask, nowMs: number, any: () => AgentId): boolean {
  if (!gate.send(GATE_ADDRESS, any(), 'task', body)) return false;
  const also: RelayTask = { task: body.task, hops: 0 };
  if (body.task % DATED_EVERY === 0)
    gate.send(GATE_ADDRESS, any(), 'dated', also, { deadlineAtMs: nowMs + DATED_MS });
  if (body.task % BAD_EVERY === 0) gate.send(GATE_ADDRESS, any(), 'bad', also);
  if (body.task % NEWS_EVERY === 0) {
    const turn = gate.turnOf(GATE_ADDRESS);
    turn.publish(NEWS, NEWS, also);
    turn.commitNow();
  }
  return true;
}
