import { line, scaleLinear } from 'd3';

/** Room around the plot, in SVG units. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** One line: a value or null for each point in time. */
export interface LineValues {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

export interface Tick {
  /** Place along its axis, in SVG units. */
  readonly at: number;
  readonly value: number;
}

export interface LinePlot {
  readonly paths: readonly { readonly name: string; readonly d: string }[];
  readonly xTicks: readonly Tick[];
  readonly yTicks: readonly Tick[];
  readonly x: (second: number) => number;
  readonly y: (value: number) => number;
  /** The nearest index of `seconds` to a place along x; -1 when there is none. */
  readonly indexAt: (x: number) => number;
}

/** The seconds shown: the last `spanS`, and never less than a whole span, so that the axis stands still at first. */
export function timeDomain(seconds: readonly number[], spanS: number): readonly [number, number] {
  const last = seconds.at(-1) ?? 0;
  const to = Math.max(last, (seconds[0] ?? 0) + spanS);
  return [Math.max(0, to - spanS), to];
}

/**
 * Geometry of a line chart: paths with gaps at nulls, ticks, and both ways between data and places.
 * @param floor the least upper end of the y axis, so that small noise does not fill the plot; a bar is put in by it too.
 */
export function plotLines(
  seconds: readonly number[],
  lines: readonly LineValues[],
  frame: Frame,
  domain: readonly [number, number],
  floor: number,
): LinePlot {
  let top = floor;
  seconds.forEach((s, i) => {
    if (s < domain[0]) return;
    for (const l of lines) top = Math.max(top, l.values[i] ?? 0);
  });
  const x = scaleLinear()
    .domain(domain)
    .range([frame.left, frame.width - frame.right]);
  const y = scaleLinear()
    .domain([0, top])
    .nice(4)
    .range([frame.height - frame.bottom, frame.top]);
  const visible = seconds.map((s, i) => ({ s, i })).filter(({ s }) => s >= domain[0] && s <= domain[1]);
  return {
    paths: lines.map((l) => ({
      name: l.name,
      d:
        line<{ s: number; i: number }>()
          .defined(({ i }) => (l.values[i] ?? null) !== null)
          .x(({ s }) => x(s))
          .y(({ i }) => y(l.values[i] ?? 0))
          .digits(1)(visible) ?? '',
    })),
    xTicks: x.ticks(5).map((value) => ({ value, at: x(value) })),
    yTicks: y.ticks(4).map((value) => ({ value, at: y(value) })),
    x: (s) => x(s),
    y: (v) => y(v),
    indexAt(place) {
      const wanted = x.invert(place);
      let best = -1;
      for (const { s, i } of visible)
        if (best < 0 || Math.abs(s - wanted) < Math.abs(seconds[best]! - wanted)) best = i;
      return best;
    },
  };
}
