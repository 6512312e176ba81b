/** Most agents that are counted by name. */
const AGENTS_MAX = 1_000;

/** Requests that an agent asked for again although the client had tried them again already. */
export class NestedRetries {
  #requests = 0;
  readonly #by = new Map<string, number>();

  note(agent: string): void {
    this.#requests++;
    const times = this.#by.get(agent) ?? 0;
    if (times > 0 || this.#by.size < AGENTS_MAX) this.#by.set(agent, times + 1);
  }

  get requests(): number {
    return this.#requests;
  }

  /** The agent that does it most; empty for none. */
  get most(): string {
    return [...this.#by].reduce<[string, number]>((a, b) => (b[1] > a[1] ? b : a), ['', 0])[0];
  }
}
