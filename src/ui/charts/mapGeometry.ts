/** What the layout needs to know of a node. */
export interface NodeSeed {
  readonly id: number;
  readonly region: string;
  readonly agents: readonly string[];
}

export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** A node on the map, in CSS pixels. */
export interface Tree extends Spot {
  readonly id: number;
  readonly region: string;
  readonly r: number;
  /** Agents as dots, only where a node hosts more than one. */
  readonly dots: readonly (Spot & { readonly agent: string })[];
  readonly dotR: number;
}

/** The sector of a region; angles are the ellipse's parameter in radians, clockwise on screen. */
export interface GroveSector {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** The whole map: a trunk's cross-section with the gate as its pith and the nodes standing on its rings. */
export interface GroveLayout {
  readonly width: number;
  readonly height: number;
  readonly centre: Spot;
  /** Outer radius along y; along x it is `outer * stretch`. */
  readonly outer: number;
  readonly stretch: number;
  readonly gateR: number;
  /** Radii along y of the boundaries between rows. */
  readonly rings: readonly number[];
  readonly sectors: readonly GroveSector[];
  readonly trees: readonly Tree[];
}

const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));
const MARGIN = 26;
const STEPS = 96;

/** Vogel's sunflower: `n` points spread evenly over a disc of radius `r` (H. Vogel, 1979). */
export function sunflower(n: number, r: number): Spot[] {
  return Array.from({ length: n }, (_, k) => {
    const rho = r * Math.sqrt((k + 0.5) / n);
    return { x: rho * Math.cos(k * GOLDEN_ANGLE), y: rho * Math.sin(k * GOLDEN_ANGLE) };
  });
}

/** Arc length along the unit ellipse of that stretch, as a table from the sector's start. */
function arcTable(from: number, to: number, stretch: number): number[] {
  const dt = (to - from) / STEPS;
  const table = [0];
  for (let i = 0; i < STEPS; i++) {
    const t = from + (i + 0.5) * dt;
    table.push(table[i]! + dt * Math.hypot(stretch * Math.sin(t), Math.cos(t)));
  }
  return table;
}

function angleAt(table: readonly number[], from: number, to: number, share: number): number {
  const wanted = share * table[STEPS]!;
  let i = 1;
  while (i < STEPS && table[i]! < wanted) i++;
  const part = (wanted - table[i - 1]!) / (table[i]! - table[i - 1]!);
  return from + ((i - 1 + part) / STEPS) * (to - from);
}

/** Splits `n` over rows in proportion to their lengths by largest remainders; sums to `n`. */
export function share(n: number, lengths: readonly number[]): number[] {
  const total = lengths.reduce((a, b) => a + b, 0);
  const exact = lengths.map((l) => (total === 0 ? 0 : (n * l) / total));
  const out = exact.map(Math.floor);
  const order = exact
    .map((e, i) => ({ i, rest: e - Math.floor(e) }))
    .sort((a, b) => b.rest - a.rest || a.i - b.i);
  let left = n - out.reduce((a, b) => a + b, 0);
  for (const { i } of order) {
    if (left === 0) break;
    out[i]!++;
    left--;
  }
  return out;
}

function closest(spots: readonly Spot[]): number {
  let best = Infinity;
  for (let i = 0; i < spots.length; i++)
    for (let j = i + 1; j < spots.length; j++) {
      const dx = spots[i]!.x - spots[j]!.x;
      const dy = spots[i]!.y - spots[j]!.y;
      const d = dx * dx + dy * dy;
      if (d < best) best = d;
    }
  return Math.sqrt(best);
}

/**
 * Places nodes for a canvas of that size in CSS pixels (at least 120 by 120). The same nodes give the same places,
 * in whatever order they come. Discs lie inside the canvas, apart from each other and from the gate.
 */
export function layoutGrove(nodes: readonly NodeSeed[], width: number, height: number): GroveLayout {
  const centre = { x: width / 2, y: height / 2 };
  const outer = Math.max(20, Math.min(height / 2 - MARGIN, (width / 2 - MARGIN) / 0.4));
  const stretch = Math.min(2.4, Math.max(0.4, (width / 2 - MARGIN) / outer));
  const gateR = Math.min(15, outer / 6);
  const inner = Math.max(gateR + 10, outer * 0.14);

  const regions = new Map<string, NodeSeed[]>();
  for (const node of [...nodes].sort((a, b) => a.id - b.id)) {
    const list = regions.get(node.region);
    if (list) list.push(node);
    else regions.set(node.region, [node]);
  }
  const names = [...regions.keys()].sort();
  const gap = names.length > 1 ? Math.min(0.16, 1.2 / names.length) : 0;

  let angle = -Math.PI / 2;
  const sectors = names.map((name) => {
    const span = (2 * Math.PI * regions.get(name)!.length) / Math.max(1, nodes.length);
    // A region of very few nodes among many still gets a sliver of its own.
    const cut = Math.min(gap / 2, span / 4);
    const sector = { name, from: angle + cut, to: angle + span - cut };
    angle += span;
    return sector;
  });
  const tables = sectors.map((s) => arcTable(s.from, s.to, stretch));

  const rowsAt = (spacing: number): number[] => {
    const rows = Math.max(1, Math.floor((outer - inner) / (spacing / Math.min(1, stretch))));
    return Array.from({ length: rows }, (_, k) => inner + ((k + 0.5) * (outer - inner)) / rows);
  };
  const fits = (spacing: number): boolean =>
    sectors.every((s, i) => {
      const room = rowsAt(spacing).reduce(
        (sum, r) => sum + Math.floor((r * tables[i]![STEPS]!) / spacing),
        0,
      );
      return room >= regions.get(s.name)!.length;
    });
  let low = 0.5;
  let high = outer - inner;
  for (let i = 0; i < 30 && !fits(high); i++) {
    const mid = (low + high) / 2;
    if (fits(mid)) low = mid;
    else high = mid;
  }
  const rows = rowsAt(fits(high) ? high : low);

  const placed: { seed: NodeSeed; x: number; y: number }[] = [];
  sectors.forEach((s, i) => {
    const seeds = regions.get(s.name)!;
    let next = 0;
    share(seeds.length, rows).forEach((n, row) => {
      for (let j = 0; j < n; j++) {
        const t = angleAt(tables[i]!, s.from, s.to, (j + 0.5) / n);
        const seed = seeds[next++]!;
        placed.push({
          seed,
          x: centre.x + rows[row]! * stretch * Math.cos(t),
          y: centre.y + rows[row]! * Math.sin(t),
        });
      }
    });
  });

  const many = placed.some((p) => p.seed.agents.length > 1);
  let r = Math.min(many ? 110 : 26, 0.42 * closest(placed));
  for (const p of placed) {
    r = Math.min(r, p.x - 2, width - p.x - 2, p.y - 2, height - p.y - 2);
    r = Math.min(r, Math.hypot(p.x - centre.x, p.y - centre.y) - gateR - 3);
  }
  r = Math.max(0.5, r);
  const gapR = (outer - inner) / rows.length;
  return {
    width,
    height,
    centre,
    outer,
    stretch,
    gateR,
    rings: Array.from({ length: rows.length + 1 }, (_, k) => inner + k * gapR),
    sectors,
    trees: placed.map(({ seed, x, y }) => {
      const n = seed.agents.length;
      const dotR = Math.max(0.8, Math.min(4, (0.55 * r) / Math.sqrt(Math.max(1, n))));
      const dots =
        n > 1
          ? sunflower(n, r * 0.93 - dotR).map((d, k) => ({ x: x + d.x, y: y + d.y, agent: seed.agents[k]! }))
          : [];
      return { id: seed.id, region: seed.region, x, y, r, dots, dotR };
    }),
  };
}

/** The node under a point, and its agent where a dot is meant; null where there is only ground. */
export function hit(
  layout: GroveLayout,
  x: number,
  y: number,
): { node: number; agent: string | null } | null {
  let best: Tree | null = null;
  let bestD = Infinity;
  for (const tree of layout.trees) {
    const d = Math.hypot(tree.x - x, tree.y - y);
    // Small discs are given a rim, so that a finger can meet them.
    if (d <= Math.max(tree.r, 11) && d < bestD) {
      best = tree;
      bestD = d;
    }
  }
  if (!best) return null;
  let agent: string | null = null;
  let nearest = Infinity;
  for (const dot of best.dots) {
    const d = Math.hypot(dot.x - x, dot.y - y);
    if (d < nearest) {
      nearest = d;
      agent = dot.agent;
    }
  }
  return { node: best.id, agent };
}
