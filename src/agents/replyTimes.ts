/** So long an agent waits for those it asked in any case. */
const LEAST_MS = 1_500;
/** The usual is the median of so many replies: one peer that died does not move it. */
const REMEMBERED = 15;
/** A busy machine is not evenly busy: twice the usual. */
const PATIENCE = 2;
/** No more than this share of what is left until the deadline: the model wants the rest. */
const SHARE_OF_LEFT = 0.5;

/** How long those whom an agent asks usually take, and so how long it waits for them before it goes on with what it has. */
export class ReplyTimes {
  private readonly recent: number[] = [];
  private next = 0;

  /** A reply came after `ms`, in time or not. */
  note(ms: number): void {
    this.recent[this.next] = ms;
    this.next = (this.next + 1) % REMEMBERED;
  }

  /** @param leftMs until the answer is due */
  waitMs(leftMs: number): number {
    const sorted = [...this.recent].sort((a, b) => a - b);
    const usual = sorted[Math.floor(sorted.length / 2)] ?? 0;
    return Math.max(0, Math.min(Math.max(LEAST_MS, PATIENCE * usual), SHARE_OF_LEFT * leftMs));
  }
}
