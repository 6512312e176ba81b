import type { NodeView } from '../../lab/grove.ts';
import type { GroveLayout, Tree } from './mapGeometry.ts';

/** The theme's colours as the canvas needs them. */
export interface Palette {
  readonly paper: string;
  readonly sheet: string;
  readonly ink: string;
  readonly inkSoft: string;
  readonly line: string;
  readonly leaf: string;
  readonly leafBright: string;
  readonly leafWash: string;
  readonly sap: string;
  readonly heart: string;
  readonly bark: string;
  readonly amber: string;
  readonly amberWash: string;
  readonly ember: string;
  readonly emberWash: string;
  readonly sans: string;
}

export function readPalette(element: Element): Palette {
  const css = getComputedStyle(element);
  const v = (name: string): string => css.getPropertyValue(`--${name}`).trim();
  return {
    paper: v('paper'),
    sheet: v('sheet'),
    ink: v('ink'),
    inkSoft: v('ink-soft'),
    line: v('line'),
    leaf: v('leaf'),
    leafBright: v('leaf-bright'),
    leafWash: v('leaf-wash'),
    sap: v('sap'),
    heart: v('heart'),
    bark: v('bark'),
    amber: v('amber-bright'),
    amberWash: v('amber-wash'),
    ember: v('ember-bright'),
    emberWash: v('ember-wash'),
    sans: v('sans'),
  };
}

type Ctx = CanvasRenderingContext2D;

function ellipse(ctx: Ctx, l: GroveLayout, r: number): void {
  ctx.beginPath();
  ctx.ellipse(l.centre.x, l.centre.y, r * l.stretch, r, 0, 0, 2 * Math.PI);
}

/** A region's name, letter by letter along the bark, readable from either side. */
function curvedName(ctx: Ctx, l: GroveLayout, name: string, angle: number): void {
  const text = name.toUpperCase().split('');
  const upright = Math.sin(angle) <= 0.2;
  const r = l.outer + (upright ? 9 : 17);
  const widths = text.map((c) => ctx.measureText(c).width + 2.5);
  const total = widths.reduce((a, b) => a + b, 0);
  const speed = (t: number): number => Math.hypot(r * l.stretch * Math.sin(t), r * Math.cos(t));
  const way = upright ? 1 : -1;
  let t = angle - (way * total) / 2 / speed(angle);
  text.forEach((c, i) => {
    t += (way * widths[i]!) / 2 / speed(t);
    ctx.save();
    ctx.translate(l.centre.x + r * l.stretch * Math.cos(t), l.centre.y + r * Math.sin(t));
    ctx.rotate(Math.atan2(way * Math.cos(t) * r, -way * Math.sin(t) * r * l.stretch));
    ctx.fillText(c, 0, 0);
    ctx.restore();
    t += (way * widths[i]!) / 2 / speed(t);
  });
}

/** The ground: the trunk's cross-section, its rings, the gaps between regions, and their names. */
export function paintGround(ctx: Ctx, l: GroveLayout, p: Palette): void {
  ctx.clearRect(0, 0, l.width, l.height);
  const { x, y } = l.centre;
  ellipse(ctx, l, l.outer + 3);
  ctx.fillStyle = p.sap;
  ctx.fill();
  ctx.globalAlpha = 0.45;
  for (const [share, alpha] of [
    [0.8, 0.1],
    [0.58, 0.16],
    [0.36, 0.24],
  ] as const) {
    ctx.globalAlpha = alpha;
    ellipse(ctx, l, l.outer * share);
    ctx.fillStyle = p.heart;
    ctx.fill();
  }
  ctx.strokeStyle = p.bark;
  const lines = Math.max(9, Math.min(26, l.rings.length * 2));
  for (let k = 1; k < lines; k++) {
    ctx.globalAlpha = k % 3 === 0 ? 0.2 : 0.1;
    ctx.lineWidth = 1;
    ellipse(ctx, l, (l.outer * k) / lines);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
  ctx.lineWidth = 2.5;
  ellipse(ctx, l, l.outer + 3);
  ctx.stroke();
  if (l.sectors.length > 1) {
    // Cracks, as seasoned wood has: they part the regions without a line of their own.
    ctx.fillStyle = p.paper;
    for (const s of l.sectors) {
      const at = (r: number, t: number): [number, number] => [
        x + r * l.stretch * Math.cos(t),
        y + r * Math.sin(t),
      ];
      const t = s.from - 0.035;
      ctx.beginPath();
      ctx.moveTo(...at(l.rings[0] ?? 0, t));
      ctx.lineTo(...at(l.outer + 5, t - 0.018));
      ctx.lineTo(...at(l.outer + 5, t + 0.018));
      ctx.fill();
    }
  }
  ctx.fillStyle = p.inkSoft;
  ctx.font = `600 10px ${p.sans}`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'alphabetic';
  for (const s of l.sectors) curvedName(ctx, l, s.name, (s.from + s.to) / 2);
}

function glyph(ctx: Ctx, tree: Tree, state: NodeView['state'], p: Palette): void {
  const { x, y } = tree;
  const g = Math.max(3, Math.min(9, tree.r * 0.5));
  ctx.lineWidth = Math.max(1.5, g / 3);
  ctx.lineCap = 'round';
  ctx.beginPath();
  if (state === 'dead') {
    ctx.strokeStyle = p.ember;
    ctx.moveTo(x - g, y - g);
    ctx.lineTo(x + g, y + g);
    ctx.moveTo(x + g, y - g);
    ctx.lineTo(x - g, y + g);
    ctx.stroke();
  } else if (state === 'paused') {
    ctx.strokeStyle = p.ink;
    ctx.moveTo(x - g / 2, y - g * 0.8);
    ctx.lineTo(x - g / 2, y + g * 0.8);
    ctx.moveTo(x + g / 2, y - g * 0.8);
    ctx.lineTo(x + g / 2, y + g * 0.8);
    ctx.stroke();
  } else if (state === 'suspect') {
    ctx.fillStyle = p.ink;
    ctx.moveTo(x, y - g);
    ctx.lineTo(x + g, y + g * 0.8);
    ctx.lineTo(x - g, y + g * 0.8);
    ctx.fill();
  }
}

/**
 * The trees, told apart by shape as well as colour: full disc with a ring = up; dashed outline = spawning; half disc =
 * planting; amber with a triangle = suspect; amber with two bars = paused; outline with a cross = dead.
 * @param busy share in [0, 1] of how much a node did lately: its core glows.
 */
export function paintTrees(
  ctx: Ctx,
  l: GroveLayout,
  nodes: ReadonlyMap<number, NodeView>,
  busy: (node: number) => number,
  p: Palette,
): void {
  const disc = (t: Tree, r = t.r): void => {
    ctx.beginPath();
    ctx.arc(t.x, t.y, r, 0, 2 * Math.PI);
  };
  for (const t of l.trees) {
    const state = nodes.get(t.id)?.state ?? 'spawning';
    const thin = Math.max(1, Math.min(2, t.r / 6));
    ctx.lineWidth = thin;
    if (state === 'spawning' || state === 'dead') {
      ctx.setLineDash(state === 'spawning' ? [3, 3] : []);
      ctx.strokeStyle = state === 'dead' ? p.ember : p.bark;
      ctx.fillStyle = state === 'dead' ? p.emberWash : p.sheet;
      disc(t);
      ctx.fill();
      ctx.stroke();
      ctx.setLineDash([]);
    } else if (state === 'planting') {
      ctx.strokeStyle = ctx.fillStyle = p.leafBright;
      disc(t);
      ctx.stroke();
      ctx.beginPath();
      ctx.arc(t.x, t.y, t.r, 0, Math.PI);
      ctx.fill();
    } else if (t.dots.length > 0) {
      ctx.fillStyle = state === 'up' ? p.leafWash : p.amberWash;
      ctx.strokeStyle = state === 'up' ? p.leaf : p.amber;
      disc(t);
      ctx.fill();
      ctx.stroke();
      ctx.fillStyle = state === 'up' ? p.leafBright : p.amber;
      ctx.beginPath();
      for (const d of t.dots) {
        ctx.moveTo(d.x + t.dotR, d.y);
        ctx.arc(d.x, d.y, t.dotR, 0, 2 * Math.PI);
      }
      ctx.fill();
    } else {
      ctx.fillStyle = state === 'up' ? p.leafBright : p.amber;
      disc(t);
      ctx.fill();
      ctx.strokeStyle = p.leaf;
      if (t.r > 4) {
        ctx.globalAlpha = 0.55;
        disc(t, t.r * 0.62);
        ctx.stroke();
        ctx.globalAlpha = 1;
      }
      const glow = busy(t.id);
      if (glow > 0 && t.r > 3) {
        ctx.globalAlpha = 0.25 + 0.75 * Math.min(1, glow);
        ctx.fillStyle = p.sheet;
        disc(t, t.r * 0.3);
        ctx.fill();
        ctx.globalAlpha = 1;
      }
    }
    if (state === 'dead' || state === 'paused' || state === 'suspect') glyph(ctx, t, state, p);
  }
  ctx.fillStyle = p.sheet;
  ctx.strokeStyle = p.bark;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.arc(l.centre.x, l.centre.y, l.gateR, 0, 2 * Math.PI);
  ctx.fill();
  ctx.stroke();
  ctx.fillStyle = p.ink;
  ctx.font = `600 ${Math.min(10, l.gateR * 0.7)}px ${p.sans}`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.fillText('gate', l.centre.x, l.centre.y + 0.5);
}
