import { Histogram, type HistogramState } from './histogram.ts';

export type Labels = Readonly<Record<string, string>>;

/** Only ever goes up. */
export interface Counter {
  /** Adds `by` (default 1); throws RangeError when it is negative or not finite. */
  inc(by?: number): void;
  readonly value: number;
}

/** Goes up and down. */
export interface Gauge {
  set(value: number): void;
  add(by: number): void;
  readonly value: number;
}

/** One metric with one set of labels. Labels are [name, value] pairs, by name. */
export type SeriesState =
  | { readonly labels: readonly (readonly [string, string])[]; readonly value: number }
  | { readonly labels: readonly (readonly [string, string])[]; readonly histogram: HistogramState };

/** All series of one name. */
export interface FamilyState {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly series: readonly SeriesState[];
}

/** A registry as plain data, structured-cloneable; families and series in order of first use. */
export interface RegistryState {
  readonly families: readonly FamilyState[];
}

/** Hands out metrics; asking again for the same name and labels yields the same one. */
export interface Registry {
  /** All three throw RangeError for a name or label that Prometheus refuses, and for a name already used with another type or help. */
  counter(name: string, help: string, labels?: Labels): Counter;
  gauge(name: string, help: string, labels?: Labels): Gauge;
  /** @param unit the smallest value told apart from 0. */
  histogram(name: string, help: string, unit: number, labels?: Labels): Histogram;
  state(): RegistryState;
}

type Metric =
  | { readonly type: 'counter'; readonly metric: Counter }
  | { readonly type: 'gauge'; readonly metric: Gauge }
  | { readonly type: 'histogram'; readonly metric: Histogram };
type Entry = { readonly labels: readonly (readonly [string, string])[] } & Metric;
interface Family {
  readonly type: FamilyState['type'];
  readonly help: string;
  readonly entries: Map<string, Entry>;
}

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;

function createCounter(): Counter {
  let value = 0;
  return {
    inc(by = 1) {
      if (!(by >= 0 && by < Infinity)) throw new RangeError(`inc: a counter only goes up, got ${by}`);
      value += by;
    },
    get value() {
      return value;
    },
  };
}

function createGauge(): Gauge {
  let value = 0;
  return {
    set(to) {
      value = to;
    },
    add(by) {
      value += by;
    },
    get value() {
      return value;
    },
  };
}

function sortedLabels(
  name: string,
  labels: Labels,
  reserved: string,
): readonly (readonly [string, string])[] {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [label] of pairs)
    if (!LABEL_NAME.test(label) || label === reserved)
      throw new RangeError(
        `metric ${name}: label ${label} must match [a-zA-Z_][a-zA-Z0-9_]*, not start with __${reserved === '' ? '' : ` and not be ${reserved}`}`,
      );
  return pairs;
}

/** An empty registry. */
export function createRegistry(): Registry {
  const families = new Map<string, Family>();

  function entry(
    type: Metric['type'],
    name: string,
    help: string,
    labels: Labels,
    make: () => Metric,
  ): Entry {
    if (!METRIC_NAME.test(name))
      throw new RangeError(`metric name ${name} must match [a-zA-Z_:][a-zA-Z0-9_:]*`);
    const pairs = sortedLabels(name, labels, type === 'histogram' ? 'le' : '');
    let family = families.get(name);
    if (family === undefined) {
      family = { type, help, entries: new Map() };
      families.set(name, family);
    }
    if (family.type !== type || family.help !== help)
      throw new RangeError(`metric ${name} exists as a ${family.type} with the help "${family.help}"`);
    const key = JSON.stringify(pairs);
    let found = family.entries.get(key);
    if (found === undefined) {
      found = { labels: pairs, ...make() };
      family.entries.set(key, found);
    }
    return found;
  }

  return {
    counter: (name, help, labels = {}) =>
      entry('counter', name, help, labels, () => ({ type: 'counter', metric: createCounter() }))
        .metric as Counter,
    gauge: (name, help, labels = {}) =>
      entry('gauge', name, help, labels, () => ({ type: 'gauge', metric: createGauge() })).metric as Gauge,
    histogram(name, help, unit, labels = {}) {
      const found = entry('histogram', name, help, labels, () => ({
        type: 'histogram',
        metric: new Histogram(unit),
      })).metric as Histogram;
      if (found.unit !== unit) throw new RangeError(`metric ${name} exists with the unit ${found.unit}`);
      return found;
    },
    state: () => ({
      families: [...families].map(([name, { type, help, entries }]) => ({
        name,
        type,
        help,
        series: [...entries.values()].map((e) =>
          e.type === 'histogram'
            ? { labels: e.labels, histogram: e.metric.toState() }
            : { labels: e.labels, value: e.metric.value },
        ),
      })),
    }),
  };
}

/**
 * One state of many: counters, gauges and histograms of equal name and labels are added up (label what must stay apart,
 * e.g. by node). Throws RangeError when a name has two types or a histogram two units.
 */
export function mergeStates(states: readonly RegistryState[]): RegistryState {
  const families = new Map<string, { first: FamilyState; series: Map<string, SeriesState> }>();
  for (const state of states)
    for (const family of state.families) {
      let merged = families.get(family.name);
      if (merged === undefined) {
        merged = { first: family, series: new Map() };
        families.set(family.name, merged);
      }
      if (merged.first.type !== family.type)
        throw new RangeError(`metric ${family.name} is a ${merged.first.type} and a ${family.type}`);
      for (const series of family.series) {
        const key = JSON.stringify(series.labels);
        const held = merged.series.get(key);
        merged.series.set(key, held === undefined ? series : addSeries(held, series));
      }
    }
  return {
    families: [...families.values()].map(({ first, series }) => ({ ...first, series: [...series.values()] })),
  };
}

function addSeries(a: SeriesState, b: SeriesState): SeriesState {
  if ('histogram' in a && 'histogram' in b) {
    const sum = Histogram.fromState(a.histogram);
    sum.mergeState(b.histogram);
    return { labels: a.labels, histogram: sum.toState() };
  }
  if ('value' in a && 'value' in b) return { labels: a.labels, value: a.value + b.value };
  throw new RangeError('mergeStates: a histogram cannot be added to a number');
}
