import { integer, number, oneOf, section, withDefault, type Infer } from '../kernel/schema.ts';

/** Memory's part of the scenario. */
export const memoryOptions = section({
  /** Bytes of rush memory one agent may hold; it refuses more with a clear result. */
  rushBytesPerAgent: withDefault(integer(65_536, 2_147_483_648), 67_108_864),
  /** A memory recalled this often belongs to the core ring. */
  coreRecalls: withDefault(integer(1, 1_000_000), 3),
  /**
   * What makes a growth ring: the `source` (a document's own ring; the grove's year for exchanges), a `day`, a `year`, or a
   * `session`: exchanges with no gap of more than `sessionGapMs` between them (what is archived keeps its source's ring).
   */
  epoch: withDefault(oneOf('source', 'day', 'year', 'session'), 'source'),
  sessionGapMs: withDefault(integer(1, 86_400_000), 1_800_000),
  /**
   * Capacity by ring: shares of `rushBytesPerAgent` that the texts of rush memory, of the growth rings together and of the
   * core ring may take. Where the growth rings are full, memories stay in rush memory, and more than that is refused.
   */
  rushShare: withDefault(number(0, 1), 0.25),
  growthShare: withDefault(number(0, 1), 1),
  coreShare: withDefault(number(0, 1), 0.25),
  /** After this long a recall counts half in deciding what belongs to the core, and a memory is half as hot. */
  halfLifeMs: withDefault(integer(1, 31_536_000_000), 86_400_000),
  /** How often an agent consolidates, idle or not, and how many memories may move at a time: in all, and out of each ring. */
  consolidateMs: withDefault(integer(1, 86_400_000), 60_000),
  consolidationRate: withDefault(integer(1, 1_000_000), 256),
  rushRate: withDefault(integer(0, 1_000_000), 256),
  growthRate: withDefault(integer(0, 1_000_000), 256),
  coreRate: withDefault(integer(0, 1_000_000), 256),
  /** Passages one agent returns to a question. */
  recallPassages: withDefault(integer(1, 100), 6),
  /**
   * Tokens of one prompt, at most; instruction and question go in whatever they take. 0: as long as the profile's published
   * prompts are, 1,500 for a real model.
   */
  promptTokens: withDefault(integer(0, 1_000_000), 0),
  /** The longest a group of writes waits for company before it is committed. */
  groupCommitMs: withDefault(integer(0, 1_000), 2),
  /** `strict`: an ack comes after the disk has it; `relaxed`: after the operating system has it, so a power cut may cost the last. */
  durability: withDefault(oneOf('strict', 'relaxed'), 'strict'),
});
export type MemoryOptions = Infer<typeof memoryOptions>;
