/** Called once a frame with the frame's time in ms. */
export type FrameTask = (nowMs: number) => void;

/** The slice of a window that the scheduler uses. */
export interface FrameSource {
  requestAnimationFrame(fn: (nowMs: number) => void): number;
  cancelAnimationFrame(handle: number): void;
}

/**
 * The page's only user of requestAnimationFrame: everything that moves is drawn from one callback, so that a frame's
 * cost is seen in one place and an idle page draws nothing.
 */
export class FrameScheduler {
  readonly #source: FrameSource;
  readonly #tasks = new Set<FrameTask>();
  #handle: number | null = null;

  constructor(source: FrameSource) {
    this.#source = source;
  }

  /** Runs `task` every frame until the returned function is called. */
  add(task: FrameTask): () => void {
    this.#tasks.add(task);
    this.#handle ??= this.#source.requestAnimationFrame(this.#frame);
    return () => {
      this.#tasks.delete(task);
      if (this.#tasks.size === 0 && this.#handle !== null) {
        this.#source.cancelAnimationFrame(this.#handle);
        this.#handle = null;
      }
    };
  }

  readonly #frame = (nowMs: number): void => {
    this.#handle = null;
    for (const task of [...this.#tasks]) task(nowMs);
    if (this.#tasks.size > 0) this.#handle = this.#source.requestAnimationFrame(this.#frame);
  };
}
