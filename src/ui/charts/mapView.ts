import type { GroveSnapshot, InteractionView, NodeView } from '../../lab/grove.ts';
import { layoutGrove, type GroveLayout, type Spot, type Tree } from './mapGeometry.ts';
import { paintGround, paintTrees, readPalette, type Palette } from './mapPaint.ts';
import { ParticleField, planDots } from './particles.ts';

/** Dots sent on their way for one snapshot, at most: what a frame can draw well within its budget. */
export const DOT_CAP = 120;
const FLIGHT_MS = 700;
const BURST_MS = 900;
const KINDS = ['question', 'talk', 'answer'] as const;

/** An opaque canvas has nothing below it that would have to be blended in. */
const contextOf = (canvas: HTMLCanvasElement, opaque = false): CanvasRenderingContext2D =>
  canvas.getContext('2d', { alpha: !opaque })!;

interface Burst {
  readonly node: number;
  readonly kind: 'killed' | 'back';
  readonly startMs: number;
}

/**
 * The moving map on two stacked canvases: the trees on their ground (painted once a snapshot) and the traffic (painted
 * every frame as long as something moves). Each canvas more is blended in every frame. Knows nothing of Svelte.
 */
export class MapView {
  /** Never shown: painted on a change of size, set or theme, and copied below the trees. */
  readonly #ground: HTMLCanvasElement = document.createElement('canvas');
  readonly #trees: HTMLCanvasElement;
  readonly #traffic: HTMLCanvasElement;
  readonly #field = new ParticleField(DOT_CAP * 6);
  #layout: GroveLayout = layoutGrove([], 200, 200);
  #palette: Palette;
  #key = '';
  /** Pixels of the canvases for one of the page's. */
  #ratio = 1;
  #byId = new Map<number, Tree>();
  #nodes = new Map<number, NodeView>();
  #busy = new Map<number, number>();
  #bursts: Burst[] = [];
  #lastAtMs = 0;
  /** When the last dot that was sent arrives. */
  #flightEndMs = 0;
  still = false;
  selected: number | null = null;
  selectedAgent: string | null = null;
  watched: InteractionView | null = null;
  /** How many messages one dot stood for in the last snapshot. */
  perDot = 1;

  constructor(trees: HTMLCanvasElement, traffic: HTMLCanvasElement) {
    this.#trees = trees;
    this.#traffic = traffic;
    this.#palette = readPalette(trees);
  }

  get layout(): GroveLayout {
    return this.#layout;
  }

  /** Takes a new size in CSS pixels, or the theme's new colours. */
  resize(width: number, height: number): void {
    const ratio = (this.#ratio = Math.min(2, window.devicePixelRatio || 1));
    for (const canvas of [this.#ground, this.#trees, this.#traffic]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      contextOf(canvas, canvas === this.#trees).setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.#palette = readPalette(this.#trees);
    this.#relayout(width, height);
  }

  #relayout(width: number, height: number): void {
    this.#layout = layoutGrove([...this.#nodes.values()], Math.max(120, width), Math.max(120, height));
    this.#byId = new Map(this.#layout.trees.map((t) => [t.id, t]));
    this.#field.clear();
    paintGround(contextOf(this.#ground), this.#layout, this.#palette);
    this.#paintTrees();
  }

  #paintTrees(): void {
    const ctx = contextOf(this.#trees, true);
    const { width, height } = this.#layout;
    ctx.fillStyle = this.#palette.paper;
    ctx.fillRect(0, 0, width, height);
    if (this.#ground.width > 0 && this.#ground.height > 0)
      ctx.drawImage(this.#ground, 0, 0, this.#ground.width / this.#ratio, this.#ground.height / this.#ratio);
    const most = Math.max(4, ...this.#busy.values());
    paintTrees(ctx, this.#layout, this.#nodes, (id) => (this.#busy.get(id) ?? 0) / most, this.#palette);
  }

  /** Takes a snapshot: states, and its messages as dots that set off until the next one comes. */
  take(s: GroveSnapshot, nowMs: number): void {
    const before = this.#nodes;
    this.#nodes = new Map(s.nodes.map((n) => [n.id, n]));
    for (const n of s.nodes) {
      const was = before.get(n.id);
      if (!was) continue;
      if (was.state !== 'dead' && n.state === 'dead')
        this.#bursts.push({ node: n.id, kind: 'killed', startMs: nowMs });
      else if (was.incarnation < n.incarnation || (was.state === 'dead' && n.state === 'up'))
        this.#bursts.push({ node: n.id, kind: 'back', startMs: nowMs });
    }
    this.#bursts = this.#bursts.filter((b) => nowMs - b.startMs < BURST_MS).slice(-40);
    this.#busy = new Map();
    for (const l of s.links) this.#busy.set(l.to, (this.#busy.get(l.to) ?? 0) + l.messages);
    const key = s.nodes.map((n) => `${n.id}:${n.region}:${n.agents.length}`).join();
    if (key !== this.#key) {
      this.#key = key;
      this.#relayout(this.#layout.width, this.#layout.height);
    } else this.#paintTrees();
    this.#launch(s, nowMs);
  }

  #place(node: number): Spot | null {
    return node === 0 ? this.#layout.centre : (this.#byId.get(node) ?? null);
  }

  #launch(s: GroveSnapshot, nowMs: number): void {
    const spanMs = Math.min(1_000, Math.max(100, nowMs - this.#lastAtMs));
    this.#lastAtMs = nowMs;
    const plan = planDots(s.links, DOT_CAP);
    this.perDot = plan.perDot;
    if (this.still) return;
    const { x: mx, y: my } = this.#layout.centre;
    let sent = 0;
    for (const l of plan.links) {
      const a = this.#place(l.from);
      const b = this.#place(l.to);
      if (!a || !b) continue;
      const kind = l.from === 0 ? 0 : l.to === 0 ? 2 : 1;
      // Curves lean to the pith and to one side, so that the two directions of a link can be told apart.
      const cx = (a.x + b.x) / 2 + 0.3 * (mx - (a.x + b.x) / 2) + 0.12 * (b.y - a.y);
      const cy = (a.y + b.y) / 2 + 0.3 * (my - (a.y + b.y) / 2) - 0.12 * (b.x - a.x);
      for (let i = 0; i < l.dots; i++) {
        const wait = ((sent++ * 0.618034) % 1) * spanMs;
        this.#field.launch(kind, a.x, a.y, cx, cy, b.x, b.y, nowMs + wait, FLIGHT_MS);
        this.#flightEndMs = Math.max(this.#flightEndMs, nowMs + wait + FLIGHT_MS);
      }
    }
  }

  #moves(nowMs: number): boolean {
    return (
      nowMs < this.#flightEndMs ||
      this.#bursts.some((b) => nowMs < b.startMs + BURST_MS) ||
      (this.watched?.state === 'travelling' && !this.still)
    );
  }

  /** Paints one frame of the traffic; whether something moves, so that the next frame looks different. */
  frame(nowMs: number): boolean {
    const ctx = contextOf(this.#traffic);
    const p = this.#palette;
    ctx.clearRect(0, 0, this.#layout.width, this.#layout.height);
    ctx.lineCap = 'round';
    this.#paintWatched(ctx, nowMs);
    const colours = { question: p.amber, talk: p.ink, answer: p.leaf };
    KINDS.forEach((kind, k) => {
      ctx.strokeStyle = colours[kind];
      ctx.lineWidth = kind === 'talk' ? 1.8 : 2.8;
      ctx.globalAlpha = kind === 'talk' ? 0.6 : 0.95;
      ctx.beginPath();
      this.#field.each(k, nowMs, (tx, ty, hx, hy) => {
        ctx.moveTo(tx, ty);
        ctx.lineTo(hx, hy);
      });
      ctx.stroke();
    });
    ctx.globalAlpha = 1;
    this.#paintBursts(ctx, nowMs);
    this.#paintSelection(ctx);
    return this.#moves(nowMs);
  }

  #paintBursts(ctx: CanvasRenderingContext2D, nowMs: number): void {
    for (const b of this.#bursts) {
      const tree = this.#byId.get(b.node);
      const t = (nowMs - b.startMs) / BURST_MS;
      if (!tree || t < 0 || t >= 1) continue;
      ctx.globalAlpha = 1 - t;
      ctx.lineWidth = 3;
      ctx.strokeStyle = b.kind === 'killed' ? this.#palette.ember : this.#palette.leaf;
      ctx.beginPath();
      ctx.arc(tree.x, tree.y, tree.r + 2 + 22 * (this.still ? 0.3 : t), 0, 2 * Math.PI);
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
  }

  #paintSelection(ctx: CanvasRenderingContext2D): void {
    const tree = this.selected === null ? undefined : this.#byId.get(this.selected);
    if (!tree) return;
    ctx.strokeStyle = this.#palette.ink;
    ctx.lineWidth = 2;
    ctx.beginPath();
    ctx.arc(tree.x, tree.y, tree.r + 4, 0, 2 * Math.PI);
    ctx.stroke();
    const dot = tree.dots.find((d) => d.agent === this.selectedAgent);
    if (!dot) return;
    ctx.beginPath();
    ctx.arc(dot.x, dot.y, tree.dotR + 2.5, 0, 2 * Math.PI);
    ctx.stroke();
  }

  /** The way of the watched question: gate to agent, agent to those it asked. */
  #paintWatched(ctx: CanvasRenderingContext2D, nowMs: number): void {
    const way = this.watched;
    const home = way && this.#byId.get(way.node);
    if (!way || !home) return;
    const { centre } = this.#layout;
    ctx.strokeStyle = this.#palette.amber;
    ctx.lineWidth = 2;
    ctx.setLineDash([2, 6]);
    ctx.lineDashOffset = this.still || way.state !== 'travelling' ? 0 : -nowMs / 30;
    ctx.beginPath();
    ctx.moveTo(centre.x, centre.y);
    ctx.lineTo(home.x, home.y);
    for (const asked of way.askedAgents) {
      const tree = this.#byId.get(asked.node);
      if (!tree) continue;
      ctx.moveTo(home.x, home.y);
      ctx.lineTo(tree.x, tree.y);
    }
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.lineWidth = 3;
    ctx.beginPath();
    for (const id of new Set([way.node, ...way.askedAgents.map((a) => a.node)])) {
      const tree = this.#byId.get(id);
      if (!tree) continue;
      ctx.moveTo(tree.x + tree.r + 2, tree.y);
      ctx.arc(tree.x, tree.y, tree.r + 2, 0, 2 * Math.PI);
    }
    ctx.stroke();
  }
}
