import { agentOptions } from '../agents/options.ts';
import { busOptions } from '../bus/options.ts';
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
});

/** Faults that the scenario itself injects. */
const faultOptions = section({
  /** Kill a node chosen at random every so often; 0 for never. */
  killEveryMs: withDefault(integer(0, 3_600_000), 0),
  /**
   * Virtual world: what the faults fall on. `grove`: all of it; `relay`: the bus and durable nodes alone, whose agents
   * pass tasks on (`load.questionsPerS` of them a second).
   */
  on: withDefault(oneOf('grove', 'relay'), 'grove'),
  /** Virtual world: the worst chance that a frame is lost, doubled, overtaken; a seed draws its own up to these. */
  lossMax: withDefault(number(0, 0.4), 0),
  duplicationMax: withDefault(number(0, 1), 0),
  reorderingMax: withDefault(number(0, 1), 0),
  /** Virtual world: how many of each a minute, on average; when and where is drawn from the seed. */
  killsPerMin: withDefault(number(0, 600), 0),
  pausesPerMin: withDefault(number(0, 600), 0),
  partitionsPerMin: withDefault(number(0, 600), 0),
  linkTroublesPerMin: withDefault(number(0, 600), 0),
  providerTroublesPerMin: withDefault(number(0, 600), 0),
  /** Virtual world: everything dies at once, crash memory's writer too, and the disk loses what it had not synced. */
  powerCutsPerMin: withDefault(number(0, 60), 0),
  /** Virtual world: how far the rate of a node's clock may be off, at most. */
  clockDriftMax: withDefault(number(0, 0.1), 0),
  /** Virtual world: a node's clock jumps ahead by up to 20 s and runs at another rate from then on. */
  clockJumpsPerMin: withDefault(number(0, 600), 0),
  /** Virtual world: the disk finishes nothing for up to 2 s. */
  diskStallsPerMin: withDefault(number(0, 600), 0),
  /** Virtual world: of what was being written when the power failed, parts may be on the disk. */
  tornWrites: withDefault(boolean(), false),
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
