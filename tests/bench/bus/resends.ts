import { atMost, type BenchTarget } from '../../harness/bench.ts';
import type { BusRun } from './plan.ts';

/** The account of what went out again although nothing was lost. */
export class Resends {
  #timers = 0;
  #messages = 0;
  readonly #log: (line: string) => void;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  count({ resends, resentMessages }: BusRun, what: string): void {
    this.#timers += resends;
    this.#messages += resentMessages;
    if (resentMessages > 0)
      this.#log(`${what}: ${resends} timers ran out, ${resentMessages} messages went again`);
  }

  get targets(): readonly BenchTarget[] {
    return [
      atMost('needless resends: timers that ran out', this.#timers, 0),
      atMost('needless resends: messages', this.#messages, 0),
    ];
  }
}
