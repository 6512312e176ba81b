import { boolean, integer, number, oneOf, section, withDefault, type Infer } from '../kernel/schema.ts';

/** Faults that the scenario itself injects. */
export const faultOptions = section({
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
export type FaultOptions = Infer<typeof faultOptions>;
