import { integer, section, withDefault, type Infer } from '../kernel/schema.ts';

/** The bus's part of the scenario. */
export const busOptions = section({
  /** Messages in flight on one link before its sender waits. */
  windowMessages: withDefault(integer(16, 65_536), 8_192),
  /** Messages in one posted frame, at most. */
  batchMessages: withDefault(integer(1, 4_096), 256),
  /** Messages queued behind a full window, on one link, before `send` refuses. */
  queueMessages: withDefault(integer(16, 1_000_000), 100_000),
  /** RFC 6298: the resend timer never falls below this. */
  resendFloorMs: withDefault(integer(10, 60_000), 1_000),
  /** How long an ack may wait for a frame to ride on. */
  ackDelayMs: withDefault(integer(0, 1_000), 2),
});
export type BusOptions = Infer<typeof busOptions>;
