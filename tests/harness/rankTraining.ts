/** One question's candidates: features of each as z-scores, and whether it is relevant. */
export interface TrainingQuestion {
  /** Questions of one group stay on one side of a fold. */
  readonly group: string;
  readonly rows: readonly Float64Array[];
  readonly relevant: readonly boolean[];
}

const STEPS = 250;
const RATE = 0.03;

/**
 * Weights of a linear ranker by gradient descent (Adam, Kingma and Ba 2015) on a listwise loss (ListNet, Cao et al.
 * 2007): half of it wants the whole probability on the relevant, half wants each of the relevant to have its part.
 * @param ridge how much large weights cost
 */
export function trainRanker(
  questions: readonly TrainingQuestion[],
  width: number,
  ridge: number,
  spread = 0.5,
): Float64Array {
  const use = questions.filter((q) => q.relevant.includes(true) && q.relevant.includes(false));
  const w = new Float64Array(width);
  const m = new Float64Array(width);
  const v = new Float64Array(width);
  const g = new Float64Array(width);
  for (let step = 1; step <= STEPS; step++) {
    g.fill(0);
    for (const { rows, relevant } of use) {
      const scores = rows.map((row) => dot(row, w));
      const top = Math.max(...scores);
      const p = scores.map((s) => Math.exp(s - top));
      const sum = p.reduce((a, b) => a + b, 0);
      const count = relevant.reduce((n, r) => n + (r ? 1 : 0), 0);
      const mass = p.reduce((a, b, i) => a + (relevant[i] ? b : 0), 0);
      p.forEach((e, i) => {
        const wanted = relevant[i] ? (1 - spread) * (e / mass) + spread / count : 0;
        const c = e / sum - wanted;
        const row = rows[i]!;
        for (let k = 0; k < width; k++) g[k]! += c * row[k]!;
      });
    }
    for (let k = 0; k < width; k++) {
      const grad = g[k]! / use.length + ridge * w[k]!;
      m[k] = 0.9 * m[k]! + 0.1 * grad;
      v[k] = 0.99 * v[k]! + 0.01 * grad * grad;
      w[k]! -= (RATE * (m[k]! / (1 - 0.9 ** step))) / (Math.sqrt(v[k]! / (1 - 0.99 ** step)) + 1e-8);
    }
  }
  return w;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
