import { agentOptions } from '../agents/options.ts';
import { busOptions } from '../bus/options.ts';
import { faultOptions } from '../faults/options.ts';
import { fleetOptions } from '../fleet/options.ts';
import {
  array,
  boolean,
  describeIssue,
  integer,
  number,
  object,
  oneOf,
  optional,
  section,
  string,
  withDefault,
  type Infer,
} from '../kernel/schema.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { memoryOptions } from '../memory/options.ts';
import { providerOptions } from '../provider/options.ts';

/** Questions that arrive by themselves. */
const loadOptions = section({
  /** Poisson arrivals a second. */
  questionsPerS: withDefault(number(0, 10_000), 10),
  /** Popularity of the prepared questions: the exponent of Zipf's law; 0 asks all alike. */
  zipf: withDefault(number(0, 3), 0.8),
  /** Poisson arrivals a second of errands: messages that agents pass on to one another, `errandHops` times, and back to the gate. */
  errandsPerS: withDefault(number(0, 10_000), 0),
  errandHops: withDefault(integer(0, 1_000), 8),
});

/** A vital sign and the side of the bar it must stay on. */
const thresholdSchema = object({
  /** Path below `vitalSigns` or `derived`, e.g. `responseTime.p99Ms`. */
  sign: string(1, 100),
  is: oneOf('<', '<=', '=', '>=', '>'),
  bar: number(),
});
export type Threshold = Infer<typeof thresholdSchema>;

/** Everything that defines a run. */
export const scenarioSchema = object({
  name: withDefault(string(1, 60), 'unnamed'),
  seed: withDefault(string(1, 100), 'treering'),
  /** How long `run` lets questions flow, after every agent is ready. */
  durationS: withDefault(integer(1, 86_400), 30),
  /** Resume what crash memory holds of an earlier visit; otherwise start afresh. */
  resume: withDefault(boolean(), false),
  agents: agentOptions,
  bus: busOptions,
  memory: memoryOptions,
  provider: providerOptions,
  fleet: fleetOptions,
  load: loadOptions,
  faults: faultOptions,
  thresholds: withDefault(array(thresholdSchema, 0, 100), []),
  note: optional(string(0, 500)),
});
export type Scenario = Infer<typeof scenarioSchema>;

/** A scenario from anything; the error is one sentence an issue, each with path, rule and value. */
export function parseScenario(value: unknown): Result<Scenario, readonly string[]> {
  const r = scenarioSchema.parse(value);
  return r.ok ? ok(r.value) : err(r.error.map(describeIssue));
}
