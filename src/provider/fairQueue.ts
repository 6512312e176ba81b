/** 0: someone is waiting for it; 1: ordinary; 2: may take its time. */
export type Priority = 0 | 1 | 2;
export const PRIORITIES: readonly Priority[] = [0, 1, 2];
/** Shares of the classes while all of them wait: the last one gets a twenty-first of the whole, so none starves. */
const WEIGHTS = [16, 4, 1] as const;
/** Most flows remembered for the debt that they left in. */
const DEBTORS_MAX = 10_000;

/** Something that waits. `cost` in any one unit, above 0. */
export interface Queued {
  readonly flow: string;
  readonly priority: Priority;
  readonly cost: number;
}

interface Flow<T> {
  readonly name: string;
  items: T[];
  backlog: number;
  deficit: number;
}

interface Lane<T> {
  readonly flows: Map<string, Flow<T>>;
  /** Those with something in them, in the order of their turns. */
  ring: Flow<T>[];
  at: number;
  /** Whether the flow at `at` was given its quantum for this turn. */
  fed: boolean;
  backlog: number;
  deficit: number;
}

/**
 * Deficit round robin (Shreedhar and Varghese, SIGCOMM 1995) over flows by cost, and again over three priority classes by
 * weight. What turned out dearer or cheaper than it was reckoned is settled with the flow's deficit, and a flow that
 * leaves in debt comes back in debt. Within a flow first come, first served. The clock plays no part.
 */
export class FairQueue<T extends Queued> {
  private readonly lanes: readonly Lane<T>[] = PRIORITIES.map(() => ({
    flows: new Map(),
    ring: [],
    at: 0,
    fed: false,
    backlog: 0,
    deficit: 0,
  }));
  private laneAt = 0;
  private laneFed = false;
  private count = 0;
  private next: T | null = null;
  /** Mean of the costs: what a turn adds. */
  private quantum = 0;

  get size(): number {
    return this.count;
  }

  push(item: T): void {
    const lane = this.lanes[item.priority]!;
    const flow = this.flowOf(lane, item.flow);
    if (flow.items.length === 0) lane.ring.push(flow);
    flow.items.push(item);
    flow.backlog += item.cost;
    lane.backlog += item.cost;
    this.count++;
    this.quantum += this.quantum === 0 ? item.cost : (item.cost - this.quantum) / 64;
    // One of a higher class need not wait behind a choice that was made before it came.
    if (this.next !== null && item.priority < this.next.priority) this.next = null;
  }

  /** Whose turn it is; stays until it is taken out. */
  peek(): T | null {
    this.next ??= this.choose();
    return this.next;
  }

  /** Takes out the one whose turn it is, at its flow's and its class's expense. */
  pop(): T | null {
    const item = this.peek();
    if (item === null) return null;
    const lane = this.lanes[item.priority]!;
    lane.deficit -= item.cost;
    this.flowOf(lane, item.flow).deficit -= item.cost;
    this.remove(item);
    return item;
  }

  /** Takes one out that does not go; false when it is not in here. */
  remove(item: T): boolean {
    const lane = this.lanes[item.priority]!;
    const flow = lane.flows.get(item.flow);
    const i = flow?.items.indexOf(item) ?? -1;
    if (flow === undefined || i < 0) return false;
    flow.items.splice(i, 1);
    flow.backlog -= item.cost;
    lane.backlog -= item.cost;
    this.count--;
    if (this.next === item) this.next = null;
    if (flow.items.length > 0) return true;
    flow.backlog = 0;
    flow.deficit = Math.min(0, flow.deficit);
    const at = lane.ring.indexOf(flow);
    lane.ring.splice(at, 1);
    if (at < lane.at) lane.at--;
    else if (at === lane.at) lane.fed = false;
    if (lane.at >= lane.ring.length) lane.at = 0;
    if (flow.deficit === 0) lane.flows.delete(flow.name);
    if (lane.ring.length === 0) {
      lane.backlog = 0;
      lane.deficit = Math.min(0, lane.deficit);
      for (const debtor of lane.flows.keys()) {
        if (lane.flows.size <= DEBTORS_MAX) break;
        lane.flows.delete(debtor);
      }
    }
    return true;
  }

  /** All that fit, oldest of each flow first. */
  filter(fits: (item: T) => boolean): T[] {
    return this.lanes.flatMap((lane) => lane.ring.flatMap((flow) => flow.items.filter(fits)));
  }

  /** One that went cost `by` more than was reckoned; less when negative. */
  charge(flowName: string, priority: Priority, by: number): void {
    const lane = this.lanes[priority]!;
    if (by <= 0 && !lane.flows.has(flowName)) return;
    const flow = this.flowOf(lane, flowName);
    flow.deficit -= by;
    if (flow.items.length === 0 && flow.deficit >= 0) lane.flows.delete(flowName);
  }

  /** Of what waits now, the cost that would go before one more of this flow: each flow as much as this one, each class its share. */
  ahead(flowName: string, priority: Priority, cost: number): number {
    if (this.count === 0) return 0;
    const lane = this.lanes[priority]!;
    const own = lane.flows.get(flowName);
    const mine = (own?.backlog ?? 0) + cost - Math.min(0, own?.deficit ?? 0);
    let within = own?.backlog ?? 0;
    for (const flow of lane.ring) if (flow !== own) within += Math.min(flow.backlog, mine);
    let all = within;
    for (const other of PRIORITIES)
      if (other !== priority)
        all += Math.min(this.lanes[other]!.backlog, ((within + cost) * WEIGHTS[other]) / WEIGHTS[priority]);
    return all;
  }

  private flowOf(lane: Lane<T>, name: string): Flow<T> {
    let flow = lane.flows.get(name);
    if (flow === undefined) {
      flow = { name, items: [], backlog: 0, deficit: 0 };
      lane.flows.set(name, flow);
    }
    return flow;
  }

  private choose(): T | null {
    if (this.count === 0) return null;
    for (;;) {
      const lane = this.lanes[this.laneAt]!;
      if (lane.ring.length > 0) {
        const item = this.chooseIn(lane);
        if (lane.deficit >= item.cost) return item;
        if (!this.laneFed) {
          lane.deficit += WEIGHTS[this.laneAt]! * this.quantum;
          this.laneFed = true;
          if (lane.deficit >= item.cost) return item;
        }
      }
      this.laneAt = (this.laneAt + 1) % this.lanes.length;
      this.laneFed = false;
    }
  }

  private chooseIn(lane: Lane<T>): T {
    for (;;) {
      const flow = lane.ring[lane.at]!;
      const item = flow.items[0]!;
      if (flow.deficit >= item.cost) return item;
      if (!lane.fed) {
        flow.deficit += this.quantum;
        lane.fed = true;
        if (flow.deficit >= item.cost) return item;
      }
      lane.at = (lane.at + 1) % lane.ring.length;
      lane.fed = false;
    }
  }
}
