import { curveCatmullRomClosed, lineRadial } from 'd3';
import type { AgentView } from '../../lab/grove.ts';

export type Ring = AgentView['rings'][number];

/** A ring as it is drawn: an area between two closed curves around the origin. */
export interface RingShape {
  readonly ring: Ring;
  /** Inner and outer radius before the trunk's irregularity. */
  readonly inner: number;
  readonly outer: number;
  /** SVG path of the outer boundary; rings are painted from the outermost in, each over the one before. */
  readonly d: string;
  /** Hits, from 0 (never recalled) to 1 (the most recalled of this agent's rings). */
  readonly shade: number;
  /** Path of the part of the ring's middle line that stands for its superseded share, from the top on; empty for none. */
  readonly stale: string;
  /** Where the scars are, on the outer boundary; angle in degrees. */
  readonly scars: readonly { readonly x: number; readonly y: number; readonly angle: number }[];
}

const POINTS = 40;
const order = { core: 0, growth: 1, rush: 2 } as const;

/** No trunk is a circle: a factor around 1 by angle, another for every agent. One factor for all rings, so none cross. */
export function wobble(name: string): (angle: number) => number {
  let h = 7;
  for (let i = 0; i < name.length; i++) h = (h * 31 + name.charCodeAt(i)) % 9_973;
  const a = (h % 97) / 15;
  const b = (h % 61) / 9;
  return (t) => 1 + 0.022 * Math.sin(t + a) + 0.016 * Math.sin(2 * t + b) + 0.008 * Math.sin(5 * t + a * b);
}

/**
 * Rings from the core outward, growth rings oldest (by label) to newest, rush as the bark. A ring is wider the
 * more text is in it, by the square root of its bytes; none is thinner than a hair.
 * @param radius the trunk's mean radius; shapes stay within 1.05 of it.
 */
export function ringShapes(agent: string, rings: readonly Ring[], radius: number): RingShape[] {
  const inOrder = [...rings].sort(
    (a, b) =>
      order[a.zone] - order[b.zone] ||
      a.label.localeCompare(b.label, 'en', { numeric: true, sensitivity: 'base' }),
  );
  if (inOrder.length === 0) return [];
  const hair = Math.min(3, radius / (2 * inOrder.length));
  const weights = inOrder.map((r) => Math.sqrt(r.bytes));
  const total = weights.reduce((a, b) => a + b, 0);
  const free = radius - hair * inOrder.length;
  const mostHits = Math.max(1, ...inOrder.map((r) => r.hits));
  const factor = wobble(agent);
  const angles = Array.from({ length: POINTS }, (_, i) => (i / POINTS) * 2 * Math.PI);
  let at = 0;
  return inOrder.map((ring, i) => {
    const inner = at;
    at += hair + (total === 0 ? free / inOrder.length : (free * weights[i]!) / total);
    const outer = at;
    const shape = lineRadial<number>()
      .angle((t) => t)
      .radius((t) => outer * factor(t))
      .curve(curveCatmullRomClosed)
      .digits(1);
    return {
      ring,
      inner,
      outer,
      d: shape(angles) ?? '',
      shade: ring.hits / mostHits,
      stale: staleArc((inner + outer) / 2, ring.count === 0 ? 0 : ring.stale / ring.count, factor),
      scars: Array.from({ length: Math.min(ring.scars, 12) }, (_, k) => {
        const t = 0.7 + k * 2.39996 + i;
        const r = outer * factor(t);
        return { x: r * Math.sin(t), y: -r * Math.cos(t), angle: (t * 180) / Math.PI };
      }),
    };
  });
}

function staleArc(radius: number, share: number, factor: (angle: number) => number): string {
  if (share <= 0) return '';
  const steps = Math.max(1, Math.round(share * POINTS));
  const line = lineRadial<number>()
    .angle((t) => t)
    .radius((t) => radius * factor(t))
    .digits(1);
  return line(Array.from({ length: steps + 1 }, (_, i) => (i / steps) * share * 2 * Math.PI)) ?? '';
}
