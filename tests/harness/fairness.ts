/** Jain's fairness index (Jain, Chiu and Hawe 1984) of what each got: 1 when all got the same, 1/n when one got all. */
export function jain(shares: readonly number[]): number {
  const sum = shares.reduce((a, b) => a + b, 0);
  const squares = shares.reduce((a, b) => a + b * b, 0);
  return squares === 0 ? 1 : (sum * sum) / (shares.length * squares);
}

/** What each is due of `capacity` when none may get more than it asks for and the least served come first (progressive filling). */
export function maxMinShares(demands: readonly number[], capacity: number): number[] {
  const due = demands.map(() => 0);
  let left = capacity;
  let open = demands.map((_, i) => i);
  while (open.length > 0 && left > 1e-9) {
    const each = left / open.length;
    const filled = open.filter((i) => demands[i]! - due[i]! <= each);
    if (filled.length === 0) {
      for (const i of open) due[i]! += each;
      break;
    }
    for (const i of filled) {
      left -= demands[i]! - due[i]!;
      due[i] = demands[i]!;
    }
    open = open.filter((i) => !filled.includes(i));
  }
  return due;
}

/** The least, over all, of got / due. */
export function worstShare(got: readonly number[], due: readonly number[]): number {
  return Math.min(...due.map((d, i) => (d === 0 ? 1 : got[i]! / d)));
}
