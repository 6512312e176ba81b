/** Draws what has moved at the frame's time in ms; whether it wants to be called for a further frame. */
export type FrameTask = (nowMs: number) => boolean;

/** The slice of a window that the scheduler uses. */
export interface FrameSource {
  requestAnimationFrame(fn: (nowMs: number) => void): number;
  cancelAnimationFrame(handle: number): void;
  setTimeout(fn: () => void, afterMs: number): number;
  clearTimeout(handle: number): void;
}

export interface FrameHandle {
  /** Something moves again: the task is called for the next frame. */
  wake(): void;
  stop(): void;
}

/**
 * Every second frame of a usual screen. A browser keeps its frames on time at the cost of all else, and where it has no
 * graphics processor to draw with, 60 frames a second take a third of a core from the agents.
 */
const EVERY_MS = 33;
/** What one frame of the fastest usual wait for a screen takes off the pause. */
const SCREEN_MS = 16;

/**
 * The page's only user of requestAnimationFrame: everything that moves is drawn from one callback, so that a frame's
 * cost is seen in one place and a page on which nothing moves draws nothing.
 */
export class FrameScheduler {
  readonly #source: FrameSource;
  readonly #tasks = new Set<FrameTask>();
  readonly #awake = new Set<FrameTask>();
  #frameHandle: number | null = null;
  #pauseHandle: number | null = null;

  constructor(source: FrameSource) {
    this.#source = source;
  }

  /** Calls `task` for the next frame, and for further ones as long as it wants them or is woken, until it is stopped. */
  add(task: FrameTask): FrameHandle {
    this.#tasks.add(task);
    this.#wake(task);
    return {
      wake: () => this.#wake(task),
      stop: () => {
        this.#tasks.delete(task);
        this.#awake.delete(task);
        if (this.#awake.size === 0) this.#rest();
      },
    };
  }

  #wake(task: FrameTask): void {
    if (!this.#tasks.has(task)) return;
    this.#awake.add(task);
    if (this.#pauseHandle === null) this.#request();
  }

  #request(): void {
    this.#frameHandle ??= this.#source.requestAnimationFrame(this.#frame);
  }

  #rest(): void {
    if (this.#frameHandle !== null) this.#source.cancelAnimationFrame(this.#frameHandle);
    if (this.#pauseHandle !== null) this.#source.clearTimeout(this.#pauseHandle);
    this.#frameHandle = this.#pauseHandle = null;
  }

  readonly #frame = (nowMs: number): void => {
    this.#frameHandle = null;
    this.#pauseHandle = this.#source.setTimeout(() => {
      this.#pauseHandle = null;
      if (this.#awake.size > 0) this.#request();
    }, EVERY_MS - SCREEN_MS);
    for (const task of [...this.#awake]) {
      this.#awake.delete(task);
      if (task(nowMs)) this.#wake(task);
    }
  };
}
