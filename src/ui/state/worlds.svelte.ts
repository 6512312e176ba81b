import type { Grove } from '../../lab/grove.ts';
import type { VirtualGrove } from '../../lab/virtual.ts';
import type { World, WorldSwitch } from '../../lab/worldSwitch.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { GroveState } from './groveState.svelte.ts';
import { TimeState } from './timeState.svelte.ts';

/** A live grove that still comes up when the visitor leaves it is paused as soon as it is up. */
const PAUSE_AGAIN_MS = 500;

/** Both worlds of the page. The one that is not shown stands still, so that neither disturbs what the other measures. */
export class Worlds {
  readonly live: GroveState;
  readonly virtual: GroveState;
  readonly time: TimeState;
  shown = $state.raw<World>('live');
  /** Something else is shown in the worlds' place: the live grove rests meanwhile. */
  aside = $state.raw(false);

  readonly #switch: WorldSwitch;
  #unwatch: () => void = () => undefined;
  #liveStarted = false;
  #pausedByUs = false;
  #pauseTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(groves: { live: Grove; virtual: VirtualGrove }, worlds: WorldSwitch, scenario: Scenario) {
    this.live = new GroveState(groves.live, scenario);
    this.virtual = new GroveState(groves.virtual, scenario, 'virtual');
    this.time = new TimeState(groves.virtual, this.virtual);
    this.#switch = worlds;
    this.shown = worlds.shown;
  }

  get current(): GroveState {
    return this.shown === 'live' ? this.live : this.virtual;
  }

  /** Shows the world until the returned function is called. @param autostart whether the live grove comes up by itself */
  open(autostart: boolean): () => void {
    const unhear = this.#switch.onShow((world) => void this.#turn(world, autostart));
    this.#watch();
    if (this.shown === 'live' && autostart && !this.aside) this.#startLive();
    return () => {
      unhear();
      this.#unwatch();
      clearTimeout(this.#pauseTimer);
    };
  }

  show(world: World): void {
    this.#switch.show(world);
  }

  async setAside(aside: boolean, autostart: boolean): Promise<void> {
    if (aside === this.aside) return;
    this.aside = aside;
    clearTimeout(this.#pauseTimer);
    if (aside) {
      if (this.time.view?.mode === 'playing') await this.virtual.pause();
      if (this.shown === 'live' && this.#liveStarted) await this.#restLive();
    } else if (this.shown === 'live') await this.#wakeLive(autostart);
  }

  #watch(): void {
    this.#unwatch();
    const unwatch = this.current.watch();
    const untime = this.shown === 'virtual' ? this.time.watch() : () => undefined;
    this.#unwatch = () => {
      unwatch();
      untime();
    };
  }

  #startLive(): void {
    this.#liveStarted = true;
    void this.live.start(this.live.scenario);
  }

  async #turn(world: World, autostart: boolean): Promise<void> {
    this.shown = world;
    clearTimeout(this.#pauseTimer);
    this.#watch();
    if (world === 'virtual') return this.#restLive();
    if (this.time.view?.mode === 'playing') await this.virtual.pause();
    await this.#wakeLive(autostart);
  }

  async #wakeLive(autostart: boolean): Promise<void> {
    if (this.#pausedByUs) {
      this.#pausedByUs = false;
      await this.live.resume();
    } else if (autostart && !this.#liveStarted) this.#startLive();
  }

  /** The live grove puts no question while it is not looked at. */
  async #restLive(): Promise<void> {
    const { phase } = await this.live.grove.snapshot();
    if (this.shown !== 'virtual' && !this.aside) return;
    if (phase === 'running') {
      this.#pausedByUs = await this.live.pause();
    } else if (phase === 'spawning')
      this.#pauseTimer = setTimeout(() => void this.#restLive(), PAUSE_AGAIN_MS);
  }
}
