import {
  array,
  describeIssue,
  integer,
  number,
  object,
  oneOf,
  optional,
  string,
  withDefault,
  type Infer,
  type Schema,
} from '../kernel/schema.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { scenarioSchema } from './scenario.ts';

/** What agents of the virtual world remember: the built-in addresses, or words made from a seed. */
export const TEXTS = ['built-in', 'made'] as const;
export type TextName = (typeof TEXTS)[number];

/** As many nodes as agents, which may have one each. */
const NODES_MAX = 100_000;
const node = integer(0, NODES_MAX);
const forMs = integer(1, 600_000);
/** Planned faults may be over at once. */
const lasting = integer(0, 600_000);
const chance = number(0, 1);
/** In steps of 1/1024 ms of simulated time: up to two days. */
const tick = integer(0, 2 * 86_400_000 * 1_024);

/** What somebody did to a run from outside, each as its keys in the order in which a link has them behind tick and type. */
const doings = {
  kill: { node },
  pause: { node, forMs },
  link: { from: node, to: node, loss: chance, delayMs: integer(0, 60_000), forMs },
  partition: { nodes: array(node, 1, NODES_MAX + 1), forMs },
  provider: { slowdown: number(1, 1_000), failing: chance, forMs },
  /** A question put by hand. */
  ask: { question: string(1, 2_000) },
  /** Questions a second from now on. */
  rate: { perS: number(0, 10_000) },
} as const;

export type InputType = keyof typeof doings;
type Immutable<V> = V extends readonly (infer E)[] ? readonly E[] : V;
type Doing<T extends InputType> = {
  readonly [K in keyof (typeof doings)[T]]: Immutable<Infer<(typeof doings)[T][K]>>;
};
/** Something done to a run in virtual time when everything due at that tick had happened. */
export type RunInput = {
  readonly [T in InputType]: { readonly tick: number; readonly type: T } & Doing<T>;
}[InputType];

const typeOnly = oneOf(...(Object.keys(doings) as InputType[]));

/** Reads an input as an object with `tick` and `type`; unknown keys are refused. */
export const inputSchema: Schema<RunInput> = {
  parse(value, path = '') {
    const { type } = (typeof value === 'object' && value !== null ? value : {}) as {
      readonly type?: unknown;
    };
    const known = typeOnly.parse(type, path === '' ? 'type' : `${path}.type`);
    if (!known.ok) return known;
    const shape: Readonly<Record<string, Schema<unknown>>> = {
      tick,
      type: oneOf(known.value),
      ...doings[known.value],
    };
    return object(shape).parse(value, path) as Result<RunInput, never>;
  },
};

/** An input as short as it goes: tick, type, and the values of its keys. */
export function packInput(input: RunInput): unknown[] {
  const values = input as unknown as Readonly<Record<string, unknown>>;
  return [input.tick, input.type, ...Object.keys(doings[input.type]).map((key) => values[key])];
}

/** The object that a packed input stands for; what is no packed input is given back as it is, for the schema to refuse. */
export function unpackInput(packed: unknown): unknown {
  if (!Array.isArray(packed)) return packed;
  const [at, type, ...values] = packed as readonly unknown[];
  if (!Object.hasOwn(doings, String(type))) return { tick: at, type };
  const keys = Object.keys(doings[type as InputType]);
  const extra = values.slice(keys.length).map((value, i) => [`value ${keys.length + i + 3}`, value]);
  return {
    tick: at,
    type,
    ...(Object.fromEntries([...keys.map((key, i) => [key, values[i]]), ...extra]) as object),
  };
}

const atMs = number(0, 2 * 86_400_000);
const side = array(node, 0, NODES_MAX + 1);
const plannedFaults = {
  kill: object({ type: oneOf('kill'), atMs, node, downMs: lasting, zombieMs: lasting }),
  pause: object({ type: oneOf('pause'), atMs, node, forMs: lasting }),
  partition: object({ type: oneOf('partition'), atMs, nodes: side, forMs: lasting }),
  link: object({
    type: oneOf('link'),
    atMs,
    from: node,
    to: node,
    loss: chance,
    delayMs: lasting,
    forMs: lasting,
  }),
  provider: object({
    type: oneOf('provider'),
    atMs,
    slowdown: number(1, 1_000),
    failing: chance,
    forMs: lasting,
  }),
  clock: object({ type: oneOf('clock'), atMs, node, jumpMs: lasting, rate: number(0.5, 2) }),
  disk: object({ type: oneOf('disk'), atMs, forMs: lasting }),
  'power cut': object({ type: oneOf('power cut'), atMs, downMs: lasting }),
} as const;
type PlannedType = keyof typeof plannedFaults;
const plannedType = oneOf(...(Object.keys(plannedFaults) as PlannedType[]));
const plannedFault: Schema<Infer<(typeof plannedFaults)[PlannedType]>> = {
  parse(value, path = '') {
    const { type } = (typeof value === 'object' && value !== null ? value : {}) as {
      readonly type?: unknown;
    };
    const known = plannedType.parse(type, `${path}.type`);
    return known.ok ? plannedFaults[known.value].parse(value, path) : known;
  },
};
/** All that goes wrong in a run, instead of what the seed would draw: as a search for a smaller case leaves it. */
const planSchema = object({
  weather: object({
    loss: chance,
    duplication: chance,
    reordering: chance,
    reorderMs: number(0, 60_000),
    delayMs: number(0, 60_000),
    jitterMs: number(0, 60_000),
  }),
  faults: array(plannedFault, 0, 10_000),
  clockRates: array(number(0.5, 2), 0, NODES_MAX + 1),
});

/** Everything that decides a run in virtual time, but for the build: two runs of one script have the same events at the same ticks. */
export const scriptSchema = object({
  scenario: scenarioSchema,
  text: withDefault(oneOf(...TEXTS), 'built-in'),
  /** In the order of ticks. */
  inputs: withDefault(array(inputSchema, 0, 10_000), []),
  plan: optional(planSchema),
});
export type RunScript = Infer<typeof scriptSchema>;

/** A script from anything; the error is one sentence an issue. */
export function parseScript(value: unknown): Result<RunScript, readonly string[]> {
  const parsed = scriptSchema.parse(value);
  if (!parsed.ok) return err(parsed.error.map(describeIssue));
  const late = parsed.value.inputs.findIndex((input, i, all) => i > 0 && all[i - 1]!.tick > input.tick);
  if (late > 0)
    return err([
      `inputs[${late}].tick must not be before that of the input before it, got ${parsed.value.inputs[late]!.tick}`,
    ]);
  const { scenario, plan } = parsed.value;
  const { count, pool } = scenario.agents;
  const nodes = scenario.faults.on === 'relay' || pool === 0 ? count : Math.min(pool, count);
  for (const [i, fault] of (plan?.faults ?? []).entries())
    for (const key of ['node', 'from', 'to'] as const) {
      const at = (fault as { readonly [K in typeof key]?: number })[key] ?? 0;
      if (at > nodes) return err([`plan.faults[${i}].${key} must be a node from 0 to ${nodes}, got ${at}`]);
    }
  return ok(parsed.value);
}
