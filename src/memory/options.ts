import { integer, number, oneOf, section, withDefault, type Infer } from '../kernel/schema.ts';

/** Memory's part of the scenario. */
export const memoryOptions = section({
  /** Bytes of rush memory one agent may hold; it refuses more with a clear result. */
  rushBytesPerAgent: withDefault(integer(65_536, 2_147_483_648), 67_108_864),
  /** A memory recalled this often belongs to the core ring. */
  coreRecalls: withDefault(integer(1, 1_000_000), 3),
  /** What makes a growth ring: the `source` (a document's own ring; the session's for exchanges), or a `day`, or a `year`. */
  epoch: withDefault(oneOf('source', 'day', 'year'), 'source'),
  /** Shares of `rushBytesPerAgent` that the texts of rush memory and of the core ring may take; growth rings take the rest. */
  rushShare: withDefault(number(0, 1), 0.25),
  coreShare: withDefault(number(0, 1), 0.25),
  /** After this long a recall counts half in deciding what belongs to the core, and a memory is half as hot. */
  halfLifeMs: withDefault(integer(1, 31_536_000_000), 86_400_000),
  /** How often an agent consolidates, at most, and how many memories may move at a time. */
  consolidateMs: withDefault(integer(1, 86_400_000), 60_000),
  consolidationRate: withDefault(integer(1, 1_000_000), 256),
  /** Passages one agent returns to a question. */
  recallPassages: withDefault(integer(1, 100), 6),
  /** The longest a group of writes waits for company before it is committed. */
  groupCommitMs: withDefault(integer(0, 1_000), 2),
  /** `strict`: an ack comes after the disk has it; `relaxed`: after the operating system has it, so a power cut may cost the last. */
  durability: withDefault(oneOf('strict', 'relaxed'), 'strict'),
});
export type MemoryOptions = Infer<typeof memoryOptions>;
