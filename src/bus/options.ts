import { integer, oneOf, section, withDefault, type Infer } from '../kernel/schema.ts';

/** The bus's part of the scenario. */
export const busOptions = section({
  /** What carries frames between two live nodes: a BroadcastChannel or a MessagePort a direction. The virtual world has its own. */
  transport: withDefault(oneOf('broadcast', 'ports'), 'broadcast'),
  /** Messages in flight on one level of a link before its sender waits. */
  windowMessages: withDefault(integer(16, 65_536), 8_192),
  /** Messages in one posted frame, at most. */
  batchMessages: withDefault(integer(1, 4_096), 256),
  /** Messages queued behind a full window, on one level of a link, before a send is refused. */
  queueMessages: withDefault(integer(16, 1_000_000), 100_000),
  /** RFC 6298: the resend timer never falls below this. */
  resendFloorMs: withDefault(integer(10, 60_000), 1_000),
  /** How long an ack may wait for a frame to ride on. */
  ackDelayMs: withDefault(integer(0, 1_000), 2),
  /** The same for a message that came alone: nothing else on its level of the link for as long before it. */
  ackAloneMs: withDefault(integer(0, 1_000), 20),
  /** Failures to deal with a message before it ends among the dead letters. */
  poisonAfter: withDefault(integer(1, 100), 3),
  /** After a failure a message is tried again after this, then twice this, and so on. */
  retryMs: withDefault(integer(1, 60_000), 100),
  /** Dead letters kept to be looked at: the newest; all are counted. */
  deadLetters: withDefault(integer(0, 10_000), 100),
  /** A stamp that is further ahead of the own clock does not move it. */
  clockDriftMs: withDefault(integer(0, 86_400_000), 60_000),
});
export type BusOptions = Infer<typeof busOptions>;
