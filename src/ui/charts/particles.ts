import type { LinkActivity } from '../../lab/grove.ts';

/** How many dots stand for a link's messages. */
export interface LinkDots {
  readonly from: number;
  readonly to: number;
  readonly dots: number;
}

/**
 * Shares at most `cap` dots over links in proportion to their messages. `perDot` is how many messages one dot stands
 * for: 1 as long as all fit, and then every message has its dot.
 */
export function planDots(
  links: readonly LinkActivity[],
  cap: number,
): { readonly perDot: number; readonly links: readonly LinkDots[] } {
  let total = 0;
  for (const l of links) total += l.messages;
  const perDot = total <= cap ? 1 : total / cap;
  // Carrying the remainder along gives links too quiet for a whole dot their turn, and the sum stays under the cap.
  let carry = 0;
  const out: LinkDots[] = [];
  for (const l of links) {
    carry += l.messages / perDot;
    const dots = Math.floor(carry + 1e-9);
    carry -= dots;
    if (dots > 0) out.push({ from: l.from, to: l.to, dots });
  }
  return { perDot, links: out };
}

const FIELDS = 8;

/** Dots on their way, in one typed array: a frame allocates nothing. */
export class ParticleField {
  readonly capacity: number;
  readonly #data: Float64Array;
  readonly #kind: Uint8Array;
  #next = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#data = new Float64Array(capacity * FIELDS);
    this.#kind = new Uint8Array(capacity);
  }

  /** Sends a dot along a curve from (x0, y0) by (cx, cy) to (x1, y1). The oldest gives way when there is no room. */
  launch(
    kind: number,
    x0: number,
    y0: number,
    cx: number,
    cy: number,
    x1: number,
    y1: number,
    startMs: number,
    forMs: number,
  ): void {
    const o = this.#next * FIELDS;
    this.#data.set([x0, y0, cx, cy, x1, y1, startMs, startMs + forMs], o);
    this.#kind[this.#next] = kind;
    this.#next = (this.#next + 1) % this.capacity;
  }

  clear(): void {
    this.#data.fill(0);
  }

  /** Calls `draw` for every dot of that kind under way: its tail and its head, in CSS pixels. */
  each(kind: number, nowMs: number, draw: (tx: number, ty: number, hx: number, hy: number) => void): void {
    const d = this.#data;
    for (let i = 0; i < this.capacity; i++) {
      if (this.#kind[i] !== kind) continue;
      const o = i * FIELDS;
      const start = d[o + 6]!;
      const end = d[o + 7]!;
      if (nowMs < start || nowMs >= end) continue;
      const t = (nowMs - start) / (end - start);
      const b = Math.max(0, t - 0.055);
      const at = (p: number, u: number): number =>
        (1 - u) * (1 - u) * d[o + p]! + 2 * (1 - u) * u * d[o + p + 2]! + u * u * d[o + p + 4]!;
      draw(at(0, b), at(1, b), at(0, t), at(1, t));
    }
  }
}
