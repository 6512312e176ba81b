import { array, integer, section, string, withDefault, type Infer } from '../kernel/schema.ts';

/** The fleet's part of the scenario. */
export const fleetOptions = section({
  regions: withDefault(array(string(1, 40), 1, 16), ['north', 'west', 'east']),
  /** One-way delay of a frame between two regions. */
  interRegionMs: withDefault(integer(0, 10_000), 0),
  heartbeatMs: withDefault(integer(20, 60_000), 250),
  /** A node silent for this long is restarted. Death of a worker is noticed at once where the browser has Web Locks. */
  silentMs: withDefault(integer(100, 600_000), 5_000),
  /** More restarts of one node than this within a minute, and it is given up. */
  restartsPerMin: withDefault(integer(1, 10_000), 20),
  /** Workers started at a time. */
  spawnWave: withDefault(integer(1, 200), 50),
});
export type FleetOptions = Infer<typeof fleetOptions>;
