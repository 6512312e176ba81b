/** A stretch of one text, characters from (inclusive) to (exclusive). */
export interface Stretch {
  readonly text: number;
  readonly from: number;
  readonly to: number;
}

/** Chroma's figures of one question (Smith and Troynikov 2024), each from 0 to 1. */
export interface ChunkScore {
  readonly recall: number;
  readonly precision: number;
  readonly iou: number;
}

/** Sorted, without overlaps. */
function union(stretches: readonly Stretch[]): Stretch[] {
  const out: Stretch[] = [];
  for (const s of [...stretches].sort((a, b) => a.text - b.text || a.from - b.from)) {
    const last = out.at(-1);
    if (last?.text === s.text && s.from <= last.to)
      out[out.length - 1] = { ...last, to: Math.max(last.to, s.to) };
    else out.push(s);
  }
  return out;
}

const lengthOf = (stretches: readonly Stretch[]): number =>
  stretches.reduce((sum, s) => sum + s.to - s.from, 0);

/**
 * Scores what was retrieved against the reference excerpts, by characters: recall is the share of the references that was
 * found, precision the share of what was retrieved that is reference (text retrieved twice counts twice), IoU what was
 * found over all that was retrieved and all that was missed.
 */
export function scoreChunks(retrieved: readonly Stretch[], references: readonly Stretch[]): ChunkScore {
  const wanted = union(references);
  const got = union(retrieved);
  let found = 0;
  for (const r of wanted)
    for (const g of got)
      if (g.text === r.text) found += Math.max(0, Math.min(g.to, r.to) - Math.max(g.from, r.from));
  const size = lengthOf(retrieved);
  const whole = lengthOf(wanted);
  return {
    recall: whole === 0 ? 0 : found / whole,
    precision: size === 0 ? 0 : found / size,
    iou: size + whole - found === 0 ? 0 : found / (size + whole - found),
  };
}
