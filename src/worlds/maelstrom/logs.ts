import { hash32 } from '../../kernel/rng.ts';
import type { Cluster } from './cluster.ts';
import { ERROR, errorBody, readOffsets, type Body } from './protocol.ts';
import { malformed, noRoom, type Reply, type Workload } from './workload.ts';

/** Messages of one key in one answer, at most. */
const POLLED_MAX = 100;
/** Maelstrom's clients wait for 5 s; before that they are told that nobody knows. */
const PATIENCE_MS = 4_000;

/** Which node numbers the messages of a key. */
export type LeaderOf = (key: string, nodes: readonly string[]) => string;
const byHash: LeaderOf = (key, nodes) => nodes[hash32(key) % nodes.length]!;

type Forwarded = readonly [request: number, key: string, message: unknown];
type Numbered = readonly [request: number, offset: number | null];
type Entry = readonly [key: string, offset: number, message: unknown];

/**
 * `kafka`: one node leads each key: it alone gives out offsets, and tells every other node what it appended. Links keep the
 * order, so each node's copy of a log is a beginning of it without holes, and polls are answered from that. Committed
 * offsets only grow, and each node tells the others.
 */
export const createLogs =
  (leaderOf: LeaderOf = byHash) =>
  (cluster: Cluster): Workload => {
    const { env, self, nodes } = cluster;
    const logs = new Map<string, unknown[]>();
    const committed = new Map<string, number>();
    const waiting = new Map<number, Reply>();
    let forwarded = 0;

    const logOf = (key: string): unknown[] => {
      let log = logs.get(key);
      if (!log) logs.set(key, (log = []));
      return log;
    };

    /** As the leader: the offset, or null when there is no room. */
    function append(key: string, message: unknown): number | null {
      if (!cluster.hasRoom) return null;
      const offset = logOf(key).push(message) - 1;
      cluster.sendAll('entry', [key, offset, message] satisfies Entry);
      return offset;
    }

    const answer = (offset: number | null): Body =>
      offset === null ? noRoom() : { type: 'send_ok', offset };

    function send(key: string, message: unknown, reply: Reply): void {
      const leader = leaderOf(key, nodes);
      if (leader === self) {
        reply(answer(append(key, message)));
        return;
      }
      if (!cluster.hasRoom) {
        reply(noRoom());
        return;
      }
      const request = ++forwarded;
      const cancel = env.setTimer(PATIENCE_MS, () => {
        waiting.delete(request);
        reply(errorBody(ERROR.timeout, `${leader}, which leads ${key}, has not answered yet.`));
      });
      waiting.set(request, (body) => {
        cancel();
        reply(body);
      });
      cluster.send(leader, 'append', [request, key, message] satisfies Forwarded);
    }

    function commit(offsets: Iterable<readonly [string, number]>): boolean {
      let grown = false;
      for (const [key, offset] of offsets) {
        if (offset <= (committed.get(key) ?? -1)) continue;
        committed.set(key, offset);
        grown = true;
      }
      return grown;
    }

    return {
      ask(request, reply) {
        switch (request.type) {
          case 'send':
            if (typeof request['key'] !== 'string') reply(malformed('key must be a string'));
            else send(request['key'], request['msg'] ?? null, reply);
            return true;
          case 'poll': {
            const offsets = readOffsets(request['offsets']);
            if (offsets === null) {
              reply(malformed('offsets must hold a whole number for each key'));
              return true;
            }
            const msgs = [...offsets].flatMap(([key, asked]) => {
              const from = Math.max(0, asked);
              const found = logs.get(key)?.slice(from, from + POLLED_MAX) ?? [];
              return found.length > 0 ? [[key, found.map((message, i) => [from + i, message])] as const] : [];
            });
            reply({ type: 'poll_ok', msgs: Object.fromEntries(msgs) });
            return true;
          }
          case 'commit_offsets': {
            const offsets = readOffsets(request['offsets']);
            if (offsets === null) {
              reply(malformed('offsets must hold a whole number for each key'));
              return true;
            }
            if (!cluster.hasRoom) {
              reply(noRoom());
              return true;
            }
            if (commit(offsets)) cluster.sendAll('committed', [...offsets]);
            reply({ type: 'commit_offsets_ok' });
            return true;
          }
          case 'list_committed_offsets': {
            const keys = request['keys'];
            if (!Array.isArray(keys)) {
              reply(malformed('keys must be an array'));
              return true;
            }
            const known = keys.filter((key): key is string => typeof key === 'string' && committed.has(key));
            const offsets = Object.fromEntries(known.map((key) => [key, committed.get(key)]));
            reply({ type: 'list_committed_offsets_ok', offsets });
            return true;
          }
          default:
            return false;
        }
      },
      hear(from, kind, body) {
        switch (kind) {
          case 'append': {
            const [request, key, message] = body as Forwarded;
            cluster.send(from, 'numbered', [request, append(key, message)] satisfies Numbered);
            return;
          }
          case 'numbered': {
            const [request, offset] = body as Numbered;
            waiting.get(request)?.(answer(offset));
            waiting.delete(request);
            return;
          }
          case 'entry': {
            const [key, offset, message] = body as Entry;
            logOf(key)[offset] = message;
            return;
          }
          case 'committed':
            commit(body as readonly (readonly [string, number])[]);
        }
      },
    };
  };
