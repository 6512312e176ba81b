import type { BusOptions } from '../bus/options.ts';
import type { Level } from '../bus/wire.ts';
import type { Env } from '../kernel/env.ts';
import type { NodeId } from '../kernel/ids.ts';
import { nextNumber, receivedFrom, sentTo, type NodeState } from './nodeLog.ts';

/** What the accounts of room are drawn from. */
export interface RoomSources {
  readonly self: NodeId;
  readonly bus: BusOptions;
  readonly state: NodeState;
  nodeOf(address: string): NodeId | undefined;
  isAbandoned(node: NodeId): boolean;
  /** Settled by the peer and not yet noted in the log: everything below. */
  settledBy(node: NodeId): number;
  /** Room at level `memory`. */
  memoryRoom(node: NodeId): number;
}

/** How much the links of a node still take, and who waits for more. A full link refuses; nothing is taken and dropped. */
export class LinkRoom {
  readonly #env: Env;
  readonly #from: RoomSources;
  /** Room that open turns have taken on each link and not used yet. */
  readonly #reserved = new Map<NodeId, number>();
  readonly #waiting = new Map<NodeId, (() => void)[]>();
  /** Sends that were refused. */
  refused = 0;

  constructor(env: Env, from: RoomSources) {
    this.#env = env;
    this.#from = from;
  }

  /** Room for durable messages to a node: committed and gathered ones count until they are settled. */
  #durableRoom(to: NodeId): number {
    const { self, bus, state } = this.#from;
    const settled = to === self ? receivedFrom(state, self).next : this.#from.settledBy(to);
    const taken = nextNumber(state, to) - Math.max(sentTo(state, to).base, settled);
    return bus.windowMessages + bus.queueMessages - taken - (this.#reserved.get(to) ?? 0);
  }

  /** Whoever has no node, or one that was given up, takes everything: it ends among the dead letters. */
  has(address: string, level: Level = 'durable'): boolean {
    const to = this.#from.nodeOf(address);
    if (to === undefined || this.#from.isAbandoned(to)) return true;
    return (level === 'durable' ? this.#durableRoom(to) : this.#from.memoryRoom(to)) > 0;
  }

  /** As `has`, and counts a refusal. */
  take(address: string, level: Level): boolean {
    if (this.has(address, level)) return true;
    this.refused++;
    return false;
  }

  /** Takes room for one durable message; false when there is none. */
  reserve(address: string): boolean {
    if (!this.take(address, 'durable')) return false;
    const to = this.#from.nodeOf(address);
    if (to !== undefined) this.#reserved.set(to, (this.#reserved.get(to) ?? 0) + 1);
    return true;
  }

  /** Gives reserved room back, of messages that are sent or were given up. */
  release(drafts: readonly { readonly to: string }[]): void {
    for (const { to: address } of drafts) {
      const to = this.#from.nodeOf(address);
      if (to === undefined) continue;
      this.#reserved.set(to, Math.max(0, (this.#reserved.get(to) ?? 0) - 1));
      this.opened(to);
    }
  }

  /** Calls back, later, when the link may have room. */
  when(address: string, level: Level, resume: () => void): void {
    const to = this.#from.nodeOf(address);
    if (to === undefined || this.has(address, level)) return this.#env.defer(resume);
    const list = this.#waiting.get(to);
    if (list) list.push(resume);
    else this.#waiting.set(to, [resume]);
  }

  /** A link has room again: those who wait for it try, in their order; whoever finds it full waits on. */
  opened(to: NodeId): void {
    // Mostly nobody waits, and this is asked for each message.
    const list = this.#waiting.size === 0 ? undefined : this.#waiting.get(to);
    if (!list) return;
    this.#waiting.delete(to);
    for (const resume of list) this.#env.defer(resume);
  }
}
