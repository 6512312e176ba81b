import type { MemoryDraft } from '../../src/memory/record.ts';

/** What a list of memories without rings, budgets or index knows: the measure of what consolidation may not lose. */
export interface PlainMemory {
  readonly draft: MemoryDraft;
  hits: number;
  forgotten: boolean;
  /** Index of what supersedes it; -1 for none. */
  by: number;
}

/** A plain list that remembers, supersedes and forgets. */
export class PlainMemories {
  readonly all: PlainMemory[] = [];

  remember(draft: MemoryDraft): void {
    this.all.push({ draft, hits: 0, forgotten: false, by: -1 });
  }

  /** Those not forgotten, with their numbers from 1. */
  get kept(): { readonly seq: number; readonly memory: PlainMemory }[] {
    return this.all.flatMap((memory, i) => (memory.forgotten ? [] : [{ seq: i + 1, memory }]));
  }
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];

/** Whether two texts may count as one: nine in ten of their pairs of neighbouring words are the same, and all numbers. */
export function saysTheSame(a: string, b: string): boolean {
  const pairs = (text: string): Set<string> => {
    const words = wordsOf(text);
    return new Set(words.length < 2 ? words : words.slice(1).map((word, i) => `${words[i]!} ${word}`));
  };
  const numbers = (text: string): string =>
    wordsOf(text)
      .filter((word) => /\p{N}/u.test(word))
      .join(' ');
  const [p, q] = [pairs(a), pairs(b)];
  const both = [...p].filter((pair) => q.has(pair)).length;
  return numbers(a) === numbers(b) && both >= 0.9 * (p.size + q.size - both);
}
