/**
 * What an object does when its operations come one after another. States are plain values and never changed in place.
 */
export interface SequentialSpec<State, Input, Output> {
  readonly initial: State;
  /**
   * The states in which the object may be after an operation that ended like that; none when it cannot end like that.
   * @param output undefined: nobody knows how it ended, so every end that it may have counts
   */
  next(state: State, input: Input, output: Output | undefined): readonly State[];
  /** Whether an operation that ended like that leaves every state as it is: it can take effect as soon as it fits. */
  isPure?(input: Input, output: Output): boolean;
  /** Equal for equal states only. */
  keyOf(state: State): string;
}

/** An operation as its client saw it. */
export interface Operation<Input, Output> {
  readonly client: string;
  readonly input: Input;
  /** Absent: it never ended, or how it ended is not known. */
  readonly output?: Output;
  readonly invokedAtMs: number;
  /** Infinity: it may take effect at any later time, or never. */
  readonly returnedAtMs: number;
  /** It may take effect until it returned, or never: what a crash cut short. */
  readonly cutShort?: true;
}

export type Verdict =
  { readonly ok: true; readonly configurations: number } | { readonly ok: false; readonly why: string };

interface Configuration<State> {
  readonly state: State;
  /** Operations under way that have taken effect already. */
  readonly done: ReadonlySet<number>;
}

const mayNever = (op: Operation<unknown, unknown>): boolean =>
  op.returnedAtMs === Infinity || op.cutShort === true;

/** More than this at once, and the history cannot be judged in any useful time. */
const CONFIGURATIONS_MAX = 200_000;

/**
 * Whether a history is linearizable: each operation seems to take effect at one moment between its invocation and its
 * return (Herlihy and Wing, 1990). The search is that of Wing and Gong (1993) in the form of Lowe (2017): operations are
 * linearized just in time, when one of them returns, and configurations that were met before are not searched again.
 * What happens at one moment counts as concurrent. Throws RangeError where too many operations overlap.
 */
export function checkLinearizable<State, Input, Output>(
  spec: SequentialSpec<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): Verdict {
  const events = history.flatMap((op, id) => [
    { id, atMs: op.invokedAtMs, returns: false },
    ...(op.returnedAtMs === Infinity ? [] : [{ id, atMs: op.returnedAtMs, returns: true }]),
  ]);
  events.sort((a, b) => a.atMs - b.atMs || Number(a.returns) - Number(b.returns) || a.id - b.id);

  const keyOf = (c: Configuration<State>): string =>
    `${[...c.done].sort((a, b) => a - b).join(',')}|${spec.keyOf(c.state)}`;
  const start: Configuration<State> = { state: spec.initial, done: new Set() };
  let configurations = new Map([[keyOf(start), start]]);
  const underWay = new Set<number>();
  let met = 1;

  /** What changes nothing and fits now need not be tried at any later moment. */
  function absorb(c: Configuration<State>): Configuration<State> {
    const pure = [...underWay].filter((id) => {
      const { input, output } = history[id]!;
      if (c.done.has(id) || output === undefined || spec.isPure?.(input, output) !== true) return false;
      return spec.next(c.state, input, output).length > 0;
    });
    return pure.length === 0 ? c : { state: c.state, done: new Set([...c.done, ...pure]) };
  }

  for (const { id, returns } of events) {
    if (!returns) {
      underWay.add(id);
      continue;
    }
    // Every configuration goes on until this operation has taken effect, by way of others that are under way.
    const reached = new Map<string, Configuration<State>>();
    const seen = new Set(configurations.keys());
    const todo = [...configurations.values()];
    const need = !mayNever(history[id]!);
    for (let top = todo.pop(); top !== undefined; top = todo.pop()) {
      const c = absorb(top);
      if (c !== top) {
        const key = keyOf(c);
        if (seen.has(key)) continue;
        seen.add(key);
      }
      const isDone = c.done.has(id);
      if (isDone || !need) {
        const done = new Set(c.done);
        done.delete(id);
        const settled = { state: c.state, done };
        reached.set(keyOf(settled), settled);
      }
      if (isDone) continue;
      for (const other of underWay) {
        if (c.done.has(other)) continue;
        const { input, output } = history[other]!;
        const optional = mayNever(history[other]!);
        for (const state of spec.next(c.state, input, output)) {
          // What need not happen and would change nothing explains nothing.
          if (optional && spec.keyOf(state) === spec.keyOf(c.state)) continue;
          const further = { state, done: new Set(c.done).add(other) };
          const key = keyOf(further);
          if (seen.has(key)) continue;
          seen.add(key);
          todo.push(further);
          if (++met % 1_000 === 0 && seen.size > CONFIGURATIONS_MAX)
            throw new RangeError(`more than ${CONFIGURATIONS_MAX} configurations: too much overlaps`);
        }
      }
    }
    if (reached.size === 0) return { ok: false, why: explain(spec, history, id, underWay, configurations) };
    underWay.delete(id);
    configurations = reached;
  }
  return { ok: true, configurations: met };
}

function explain<State, Input, Output>(
  spec: SequentialSpec<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  failed: number,
  underWay: ReadonlySet<number>,
  configurations: ReadonlyMap<string, Configuration<State>>,
): string {
  const tell = (op: Operation<Input, Output>): string =>
    `${op.client} ${JSON.stringify(op.input)} -> ${JSON.stringify(op.output) ?? 'unknown'} [${op.invokedAtMs}, ${op.returnedAtMs}]`;
  const states = new Set([...configurations.values()].map((c) => spec.keyOf(c.state)));
  const others = [...underWay].filter((id) => id !== failed).map((id) => tell(history[id]!));
  return [
    `no order of effects explains ${tell(history[failed]!)}`,
    `before it the state can only have been ${[...states].slice(0, 4).join(' or ')}`,
    ...(others.length > 0 ? [`under way with it: ${others.slice(0, 6).join('; ')}`] : []),
  ].join('; ');
}

/**
 * The same for an object that is made of independent ones: a history is linearizable if and only if the part of each key
 * is (locality, Herlihy and Wing; P-compositionality, Horn and Kroening, 2015). Returns a sentence for each key that fails.
 */
export function checkPerKey<State, Input, Output>(
  spec: SequentialSpec<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  keyOf: (input: Input) => string,
): string[] {
  const parts = new Map<string, Operation<Input, Output>[]>();
  for (const op of history) {
    const key = keyOf(op.input);
    const part = parts.get(key);
    if (part) part.push(op);
    else parts.set(key, [op]);
  }
  const wrong: string[] = [];
  for (const [key, part] of parts) {
    const verdict = checkLinearizable(spec, part);
    if (!verdict.ok) wrong.push(`${key} is not linearizable: ${verdict.why}`);
  }
  return wrong;
}
