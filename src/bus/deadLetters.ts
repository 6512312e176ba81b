import type { Hlc } from './hlc.ts';

/** Why a message was not dealt with. */
export const DEAD_REASONS = [
  /** Nobody has that address. */
  'no such address',
  /** The node it was for was given up. */
  'given up',
  /** It was not accepted, or not begun, by its deadline. */
  'deadline',
  /** Dealing with it failed as often as it may. */
  'poison',
  /** It is no request or reply of the type that was agreed on. */
  'malformed',
] as const;
export type DeadReason = (typeof DEAD_REASONS)[number];

export interface DeadLetter {
  readonly reason: DeadReason;
  /** One sentence more. */
  readonly detail: string;
  readonly from: string;
  readonly to: string;
  readonly kind: string;
  readonly hlc: Hlc;
}

/** What became of a node's dead letters, for a checkpoint. */
export interface DeadLetterState {
  readonly counts: Readonly<Partial<Record<DeadReason, number>>>;
  readonly newest: readonly DeadLetter[];
}

/** The dead letters of one node: every one is counted, the newest are kept. */
export class DeadLetters {
  #counts: Partial<Record<DeadReason, number>>;
  #newest: DeadLetter[];
  /** How many are kept. */
  readonly max: number;

  constructor(max = 100, state: DeadLetterState = { counts: {}, newest: [] }) {
    this.max = max;
    this.#counts = { ...state.counts };
    this.#newest = [...state.newest];
  }

  add(letter: DeadLetter): void {
    this.#counts[letter.reason] = (this.#counts[letter.reason] ?? 0) + 1;
    this.#newest.push(letter);
    // Cut by halves, so that a letter costs the same however many there are.
    if (this.#newest.length > 2 * this.max) this.#newest.splice(0, this.#newest.length - this.max);
  }

  /** How many there were, whatever was kept. */
  get count(): number {
    return Object.values(this.#counts).reduce((sum, n) => sum + n, 0);
  }

  get byReason(): Readonly<Partial<Record<DeadReason, number>>> {
    return this.#counts;
  }

  /** The newest, oldest first. */
  list(): readonly DeadLetter[] {
    return this.max === 0 ? [] : this.#newest.slice(-this.max);
  }

  state(): DeadLetterState {
    return { counts: { ...this.#counts }, newest: this.list() };
  }
}
