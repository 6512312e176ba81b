import { describe, expect, it } from 'vitest';
import { FrameScheduler, type FrameSource } from '../../../src/ui/state/frames.ts';

/** A screen of 60 frames a second, and timers, on a clock of its own. */
class Screen implements FrameSource {
  nowMs = 0;
  #next = 1;
  readonly #waiting = new Map<number, { readonly atMs: number; readonly fn: (nowMs: number) => void }>();

  requestAnimationFrame(fn: (nowMs: number) => void): number {
    this.#waiting.set(this.#next, { atMs: (Math.floor(this.nowMs / (1000 / 60)) + 1) * (1000 / 60), fn });
    return this.#next++;
  }
  cancelAnimationFrame(handle: number): void {
    this.#waiting.delete(handle);
  }
  setTimeout(fn: () => void, afterMs: number): number {
    this.#waiting.set(this.#next, { atMs: this.nowMs + afterMs, fn });
    return this.#next++;
  }
  clearTimeout(handle: number): void {
    this.#waiting.delete(handle);
  }
  get waiting(): number {
    return this.#waiting.size;
  }
  run(untilMs: number): void {
    for (;;) {
      const [first] = [...this.#waiting].sort(([, a], [, b]) => a.atMs - b.atMs);
      if (!first || first[1].atMs > untilMs) break;
      this.#waiting.delete(first[0]);
      this.nowMs = first[1].atMs;
      first[1].fn(this.nowMs);
    }
    this.nowMs = untilMs;
  }
}

describe('the frame scheduler', () => {
  it('draws 30 times a second as long as something moves, and not at all when nothing does', () => {
    const screen = new Screen();
    let frames = 0;
    let moves = true;
    const handle = new FrameScheduler(screen).add(() => {
      frames++;
      return moves;
    });
    screen.run(1_000);
    expect(frames).toBeGreaterThanOrEqual(29);
    expect(frames).toBeLessThanOrEqual(31);
    moves = false;
    screen.run(2_000);
    expect(frames).toBeLessThanOrEqual(32);
    expect(screen.waiting).toBe(0);
    const before = frames;
    screen.run(5_000);
    handle.wake();
    handle.wake();
    screen.run(6_000);
    expect(frames).toBe(before + 1);
  });

  it('calls none after it was stopped, and the others go on', () => {
    const screen = new Screen();
    const scheduler = new FrameScheduler(screen);
    const calls = { a: 0, b: 0 };
    const a = scheduler.add(() => {
      calls.a++;
      return true;
    });
    const b = scheduler.add(() => {
      calls.b++;
      return true;
    });
    expect(screen.waiting, 'one frame is asked for, whatever the number of tasks').toBe(1);
    screen.run(500);
    a.stop();
    const { a: before } = calls;
    screen.run(1_000);
    expect(calls.a).toBe(before);
    expect(calls.b).toBeGreaterThanOrEqual(28);
    b.stop();
    expect(screen.waiting).toBe(0);
    b.wake();
    expect(screen.waiting).toBe(0);
  });

  it('a task that wakes itself while it is called is called again', () => {
    const screen = new Screen();
    let calls = 0;
    const handle = new FrameScheduler(screen).add(() => {
      if (++calls < 3) handle.wake();
      return false;
    });
    screen.run(1_000);
    expect(calls).toBe(3);
  });

  it('a task that threw is called again when it is woken', () => {
    const screen = new Screen();
    let calls = 0;
    const handle = new FrameScheduler(screen).add(() => {
      if (++calls === 2) throw new Error('could not draw');
      return true;
    });
    expect(() => screen.run(200)).toThrow('could not draw');
    handle.wake();
    screen.run(500);
    expect(calls).toBeGreaterThan(5);
  });
});
