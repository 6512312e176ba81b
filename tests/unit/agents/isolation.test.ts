import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { AgentContext, Behaviour } from '../../../src/agents/behaviour.ts';
import type { AgentMemory } from '../../../src/memory/agentMemoryTypes.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'src', 'agents');
const sources = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

/** Files of src/agents that make behaviours: they say so by its type. */
const behaviours = (all: typeof sources): typeof sources =>
  all.filter(({ text }) => /\): Behaviour\b/.test(text));

/** What a behaviour could reach another agent's memory by, besides the context that it is given. */
const WAYS =
  /createAgentMemory|createMemory|JournalPort|SegmentStore|replayAgentLog|agentOwner|from '\.\/(?:host|node)\.ts'/;

describe("an agent's memory is its own", () => {
  it('the one memory that a behaviour is given is that of its agent', () => {
    type Given = {
      [K in keyof AgentContext]: AgentContext[K] extends AgentMemory ? K : never;
    }[keyof AgentContext];
    expectTypeOf<Given>().toEqualTypeOf<'memory'>();
    // Journal, host and other residents are not among what it gets.
    expectTypeOf<keyof AgentContext>().toEqualTypeOf<
      'id' | 'env' | 'memory' | 'directory' | 'model' | 'timeRush'
    >();
    expectTypeOf<keyof Behaviour>().toEqualTypeOf<'receive'>();
  });

  it('no behaviour makes, loads or looks up a memory by itself: what others know comes as messages', () => {
    const found = behaviours(sources);
    expect(found.map(({ name }) => name)).toContain('archivist.ts');
    expect(found.filter(({ text }) => WAYS.test(text)).map(({ name }) => name)).toEqual([]);
    const sneaky = {
      name: 'sneaky.ts',
      text: "import { createAgentMemory } from '../memory/agentMemory.ts';\nf(): Behaviour",
    };
    expect(behaviours([sneaky]).filter(({ text }) => WAYS.test(text))).toEqual([sneaky]);
  });

  it('only the host makes memories, one for each agent', () => {
    const makers = sources.filter(({ text }) => /\bcreateAgentMemory\(/.test(text)).map(({ name }) => name);
    expect(makers).toEqual(['host.ts']);
  });
});
