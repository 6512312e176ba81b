import {
  badReplies,
  checkBroadcast,
  checkCounter,
  checkEcho,
  checkKafka,
  checkUniqueIds,
} from './maelstromChecks.ts';
import type { Client, MaelstromRun, Rpc } from './maelstromNetwork.ts';

/** How clients behave in one of Maelstrom's workloads, and how what they saw is judged. */
export interface WorkloadTest {
  client(serial: number): Client;
  readonly finals: Client;
  check(run: Pick<MaelstromRun, 'rpcs' | 'finals'>): string[];
}

const once =
  (request: Rpc['request']): Client =>
  (mine) =>
    mine.length === 0 ? request : null;
const never: Client = () => null;
const KEYS = ['k0', 'k1', 'k2'];

/** Numbers that no two clients share, whatever becomes of them. */
function uniqueNumbers(serial: number): () => number {
  let n = 0;
  return () => serial + 1_000 * n++;
}

/** Sends, polls what it has assigned to itself, commits what it polled, and now and then assigns itself other keys. */
function kafkaClient(serial: number): Client {
  const number = uniqueNumbers(serial);
  let offsets = new Map<string, number>();
  return (mine, random) => {
    const last = mine.at(-1);
    if (last?.reply?.type === 'poll_ok') {
      const polled = [...highestPolled(last.reply)];
      for (const [key, highest] of polled) offsets.set(key, highest + 1);
      if (polled.length > 0) return { type: 'commit_offsets', offsets: Object.fromEntries(polled) };
    }
    if (last?.reply?.type === 'list_committed_offsets_ok') {
      const committed = last.reply['offsets'] as Record<string, number>;
      const keys = last.request['keys'] as string[];
      offsets = new Map(keys.map((key) => [key, offsets.get(key) ?? committed[key] ?? 0]));
    }
    const luck = random.next();
    if (offsets.size === 0 || luck < 0.05)
      return { type: 'list_committed_offsets', keys: KEYS.filter(() => random.next() < 0.7) };
    if (luck < 0.5) return { type: 'send', key: random.pick(KEYS), msg: number() };
    return { type: 'poll', offsets: Object.fromEntries(offsets) };
  };
}

/** The highest offset of each key in the answer to a poll. */
function highestPolled(reply: NonNullable<Rpc['reply']>): Map<string, number> {
  const msgs = (reply['msgs'] ?? {}) as Record<string, ([number, unknown] | null)[]>;
  return new Map(
    Object.entries(msgs).map(([key, pairs]) => [key, Math.max(...pairs.flatMap((pair) => pair?.[0] ?? []))]),
  );
}

/** Polls every key from its beginning to its end. */
const pollEverything: Client = (mine) => {
  const next = new Map(KEYS.map((key) => [key, 0]));
  let more = mine.length === 0;
  for (const { reply } of mine) {
    const polled = reply ? highestPolled(reply) : new Map<string, number>();
    more = polled.size > 0;
    for (const [key, highest] of polled) next.set(key, highest + 1);
  }
  return more ? { type: 'poll', offsets: Object.fromEntries(next) } : null;
};

export const workloadTests: Readonly<Record<string, WorkloadTest>> = {
  echo: {
    client: (serial) => {
      const number = uniqueNumbers(serial);
      return () => ({ type: 'echo', echo: { please: [`echo ${number()}`] } });
    },
    finals: never,
    check: ({ rpcs }) => [...badReplies(rpcs), ...checkEcho(rpcs)],
  },
  'unique-ids': {
    client: () => () => ({ type: 'generate' }),
    finals: never,
    check: ({ rpcs }) => [...badReplies(rpcs), ...checkUniqueIds(rpcs)],
  },
  broadcast: {
    client: (serial) => {
      const number = uniqueNumbers(serial);
      return (mine, random) => {
        if (mine.length === 0) return { type: 'topology', topology: {} };
        return random.next() < 0.5 ? { type: 'broadcast', message: number() } : { type: 'read' };
      };
    },
    finals: once({ type: 'read' }),
    check: ({ rpcs, finals }) => [...badReplies(rpcs), ...checkBroadcast(rpcs, finals)],
  },
  'g-counter': {
    client: () => (_mine, random) =>
      random.next() < 0.5 ? { type: 'add', delta: random.int(5) } : { type: 'read' },
    finals: once({ type: 'read' }),
    check: ({ rpcs, finals }) => [...badReplies(rpcs), ...checkCounter(rpcs, finals)],
  },
  kafka: {
    client: kafkaClient,
    finals: pollEverything,
    check: ({ rpcs, finals }) => [...badReplies(rpcs), ...checkKafka(rpcs, finals)],
  },
};
