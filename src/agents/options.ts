import { integer, section, withDefault, type Infer } from '../kernel/schema.ts';

/** The agents' part of the scenario. */
export const agentOptions = section({
  /** How many agents live in the grove; the live world hosts up to 1,000. */
  count: withDefault(integer(1, 100_000), 100),
  /** Workers that host them: 0 for one worker an agent, otherwise a pool of this many. */
  pool: withDefault(integer(0, 64), 0),
  /** Documents of the built-in or made text that they share out, from its first; 0: all. */
  documents: withDefault(integer(0, 1_000_000), 0),
  /** Other agents that a question is put to, at most. */
  askOthers: withDefault(integer(0, 64), 3),
  /** After this a question without an answer has failed. */
  deadlineMs: withDefault(integer(100, 600_000), 10_000),
});
export type AgentOptions = Infer<typeof agentOptions>;
