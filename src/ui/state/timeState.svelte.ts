import type { TimeView, VirtualGrove } from '../../lab/virtual.ts';
import { parseScript, type RunScript } from '../../scenario/script.ts';
import type { GroveState } from './groveState.svelte.ts';

const POLL_MS = 120;

/** How time stands in the virtual world, and the way to change it. The only one of the page that talks of time to it. */
export class TimeState {
  readonly grove: VirtualGrove;
  /** The newest view, about eight a second. */
  view = $state.raw<TimeView | null>(null);
  /** What is wrong with what was asked for last, one sentence each; empty when nothing. */
  refusals = $state.raw<readonly string[]>([]);

  readonly #hold: GroveState;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watching = false;

  constructor(grove: VirtualGrove, hold: GroveState) {
    this.grove = grove;
    this.#hold = hold;
  }

  watch(): () => void {
    this.#watching = true;
    void this.#poll();
    return () => {
      this.#watching = false;
      clearTimeout(this.#timer);
    };
  }

  async #poll(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#look();
    if (this.#watching) this.#timer = setTimeout(() => void this.#poll(), POLL_MS);
  }

  async #look(): Promise<void> {
    const view = await this.grove.time().catch(() => null);
    if (view && this.#watching) this.view = view;
  }

  get empty(): boolean {
    return (this.view?.mode ?? 'empty') === 'empty';
  }

  /** Opens a run and stands at `tick` of it, or plays it from its start. */
  async open(value: unknown, tick: number | 'play'): Promise<boolean> {
    const script = parseScript(value);
    this.refusals = script.ok ? [] : script.error.map((s) => `${s}.`);
    if (!script.ok) return false;
    const opened = await this.#hold.begin(script.value.scenario, () => this.grove.open(script.value));
    if (!opened) return false;
    if (tick === 'play') await this.play();
    else if (tick > 0) void this.seek(tick);
    await this.#look();
    return true;
  }

  /** The run that is open, again from its first tick. */
  again(): Promise<boolean> {
    return this.view?.script ? this.open(this.view.script, 'play') : Promise.resolve(false);
  }

  async play(): Promise<void> {
    await this.grove.resume();
    await this.#after();
  }

  async pause(): Promise<void> {
    await this.grove.pause();
    await this.#after();
  }

  toggle(): Promise<void> {
    const { mode, ended } = this.view ?? { mode: 'empty', ended: false };
    if (mode === 'seeking') return this.cancel();
    if (mode === 'playing') return this.pause();
    return ended ? this.again().then(() => undefined) : this.play();
  }

  async setSpeed(speed: number | null): Promise<void> {
    await this.grove.setSpeed(speed);
    await this.#after();
  }

  async step(by: number | 'event'): Promise<void> {
    await this.grove.step(by);
    await this.#after();
  }

  async seek(tick: number): Promise<void> {
    const going = this.grove.seek(Math.max(0, Math.round(tick)));
    await this.#look();
    await going;
    await this.#after();
  }

  async cancel(): Promise<void> {
    await this.grove.cancel();
    await this.#after();
  }

  async withdraw(index: number): Promise<void> {
    await this.grove.withdraw(index);
    await this.#after();
  }

  /** The link's script of the run as it is now. */
  get script(): RunScript | null {
    return this.view?.script ?? null;
  }

  async #after(): Promise<void> {
    this.#hold.refresh();
    await this.#look();
  }
}
