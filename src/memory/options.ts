import { integer, oneOf, section, withDefault, type Infer } from '../kernel/schema.ts';

/** Memory's part of the scenario. */
export const memoryOptions = section({
  /** Bytes of rush memory one agent may hold; it refuses more with a clear result. */
  rushBytesPerAgent: withDefault(integer(65_536, 2_147_483_648), 67_108_864),
  /** A memory recalled this often belongs to the core ring. */
  coreRecalls: withDefault(integer(1, 1_000_000), 3),
  /** Passages one agent returns to a question. */
  recallPassages: withDefault(integer(1, 100), 6),
  /** The longest a group of writes waits for company before it is committed. */
  groupCommitMs: withDefault(integer(0, 1_000), 2),
  /** `strict`: an ack comes after the disk has it; `relaxed`: after the operating system has it, so a power cut may cost the last. */
  durability: withDefault(oneOf('strict', 'relaxed'), 'strict'),
});
export type MemoryOptions = Infer<typeof memoryOptions>;
