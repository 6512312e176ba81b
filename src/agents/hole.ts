/**
 * Noted in a log of crash memory when a part of it was damaged and had no copy: entries before this one may be missing,
 * and what a later one replaced may be back. Replay does with what is there, and says what is not.
 */
export type HoleEntry = readonly ['hole', owner: string, atMs: number];

export const holeText = (owner: string, atMs: number): string =>
  JSON.stringify(['hole', owner, atMs] satisfies HoleEntry);

const isHole = (text: string): boolean => text.startsWith('["hole",');

export const hasHole = (texts: readonly string[]): boolean => texts.some(isHole);

/** The last hole noted in a log; null for a log that is whole. */
export function holeIn(texts: readonly string[]): { readonly owner: string; readonly atMs: number } | null {
  const text = texts.findLast(isHole);
  if (text === undefined) return null;
  const [, owner, atMs] = JSON.parse(text) as HoleEntry;
  return { owner, atMs };
}
