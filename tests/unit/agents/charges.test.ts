import { describe, expect, it } from 'vitest';
import { chargesOf } from '../../../src/agents/charges.ts';

const documentsOf = (n: number, passages: number): { title: string; passages: number }[] =>
  Array.from({ length: n }, (_, i) => ({ title: `T${i}`, passages }));

describe('what an agent is said to archive', () => {
  it.each([
    { documents: 3, passages: 5, agents: 3, first: 'Archivist of T0', last: 'Archivist of T2' },
    { documents: 4, passages: 5, agents: 1, first: 'Archivist of T0, T1, T2, T3', last: null },
    { documents: 9, passages: 5, agents: 1, first: 'Archivist of T0, T1, T2, T3 and 5 more', last: null },
    {
      ...{ documents: 1, passages: 2, agents: 3 },
      ...{ first: 'Archivist of T0', last: 'Archivist without a text of its own' },
    },
  ])(
    '$documents documents of $passages passages among $agents',
    ({ documents, passages, agents, first, last }) => {
      const charges = chargesOf(documentsOf(documents, passages), agents);
      expect(charges.map((c) => c.id)).toHaveLength(agents);
      expect(charges[0]!.charge).toBe(first);
      if (last !== null) expect(charges.at(-1)!.charge).toBe(last);
      const shared = charges
        .flatMap((c) => c.slices)
        .reduce((sum, s) => sum + s.toPassage - s.fromPassage, 0);
      expect(shared).toBe(documents * passages);
    },
  );
});
