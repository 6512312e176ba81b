import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkLinearizable,
  checkPerKey,
  type Operation,
  type SequentialSpec,
} from '../../harness/linearizability.ts';

type Input =
  | { readonly type: 'write'; readonly value: number }
  | { readonly type: 'read' }
  | { readonly type: 'cas'; readonly from: number; readonly to: number };
type Output = number | boolean;
type Op = Operation<Input, Output>;

/** A register that starts as 0. */
const register: SequentialSpec<number, Input, Output> = {
  initial: 0,
  next(state, input, output) {
    switch (input.type) {
      case 'write':
        return [input.value];
      case 'read':
        return output === undefined || output === state ? [state] : [];
      case 'cas': {
        const works = state === input.from;
        if (output !== undefined && output !== works) return [];
        return [works ? input.to : state];
      }
    }
  },
  isPure: (input, output) => input.type === 'read' || (input.type === 'cas' && output === false),
  keyOf: String,
};

const op = (client: string, input: Input, from: number, to: number, output?: Output): Op => ({
  client,
  input,
  invokedAtMs: from,
  returnedAtMs: to,
  ...(output === undefined ? {} : { output }),
});
const write = (client: string, value: number, from: number, to: number): Op =>
  op(client, { type: 'write', value }, from, to, true);
const read = (client: string, value: number, from: number, to: number): Op =>
  op(client, { type: 'read' }, from, to, value);

describe('histories that are linearizable', () => {
  test.each<[string, Op[]]>([
    ['none at all', []],
    ['one after another', [write('a', 1, 0, 1), read('b', 1, 2, 3), write('a', 2, 4, 5), read('b', 2, 6, 7)]],
    ['a read during a write that sees the old value', [write('a', 1, 0, 10), read('b', 0, 2, 3)]],
    ['reads during a write, old then new', [write('a', 1, 0, 10), read('b', 0, 1, 2), read('b', 1, 3, 4)]],
    [
      'a write that never returned and was seen much later',
      [write('a', 1, 0, Infinity), read('b', 0, 5, 6), read('b', 1, 100, 101)],
    ],
    ['a write that never returned and never happened', [write('a', 1, 0, Infinity), read('b', 0, 100, 101)]],
    [
      // Herlihy and Wing's own kind of example: overlapping writes, seen in the order of their effects.
      'two writes that overlap, in either order',
      [write('a', 1, 0, 10), write('b', 2, 0, 10), read('c', 1, 11, 12)],
    ],
    [
      'compare-and-set of which one works',
      [
        op('a', { type: 'cas', from: 0, to: 1 }, 0, 10, true),
        op('b', { type: 'cas', from: 0, to: 2 }, 0, 10, false),
        read('c', 1, 11, 12),
      ],
    ],
    ['events of one moment', [write('a', 1, 0, 5), read('b', 0, 5, 6)]],
  ])('%s', (_name, history) => {
    expect(checkLinearizable(register, history)).toMatchObject({ ok: true });
  });
});

describe('histories that are not', () => {
  test.each<[string, Op[], RegExp]>([
    ['a stale read', [write('a', 1, 0, 1), read('b', 0, 2, 3)], /b .*"read".* -> 0.*only have been 1/],
    [
      'a read that sees the new value before one that sees the old',
      [write('a', 1, 0, 10), read('b', 1, 1, 2), read('c', 0, 3, 4)],
      /-> 0/,
    ],
    ['a value that nobody wrote', [write('a', 1, 0, 1), read('b', 7, 0, 3)], /-> 7/],
    [
      'two compare-and-sets that both work',
      [
        op('a', { type: 'cas', from: 0, to: 1 }, 0, 10, true),
        op('b', { type: 'cas', from: 0, to: 2 }, 0, 10, true),
      ],
      /under way with it|cas/,
    ],
    [
      'a write that was seen, and then not',
      [write('a', 1, 0, Infinity), read('b', 1, 5, 6), read('b', 0, 7, 8)],
      /-> 0/,
    ],
  ])('%s', (_name, history, why) => {
    const verdict = checkLinearizable(register, history);
    expect(verdict.ok).toBe(false);
    expect(verdict.ok ? '' : verdict.why).toMatch(why);
  });

  test('of independent objects, the one that is wrong is named', () => {
    type Keyed = Input & { readonly key: string };
    const spec: SequentialSpec<number, Keyed, Output> = register;
    const at = (key: string, o: Op): Operation<Keyed, Output> => ({ ...o, input: { ...o.input, key } });
    const history = [
      at('x', write('a', 1, 0, 1)),
      at('y', write('a', 2, 2, 3)),
      at('x', read('b', 1, 4, 5)),
      at('y', read('b', 0, 4, 5)),
    ];
    const wrong = checkPerKey(spec, history, (input) => input.key);
    expect(wrong).toHaveLength(1);
    expect(wrong[0]).toMatch(/^y is not linearizable/);
  });
});

/** All orders of all subsets that hold every operation that returned, tried one by one. */
function bruteForce(history: readonly Op[]): boolean {
  const go = (left: readonly Op[], state: number, done: readonly Op[] = []): boolean => {
    if (left.every((o) => o.returnedAtMs === Infinity || o.cutShort)) return true;
    return left.some((o) => {
      if (left.some((other) => other.returnedAtMs < o.invokedAtMs && !other.cutShort)) return false;
      // What a crash cut short cannot happen after it either.
      if (o.cutShort && done.some((other) => other.invokedAtMs > o.returnedAtMs)) return false;
      const rest = left.filter((other) => other !== o);
      return register.next(state, o.input, o.output).some((next) => go(rest, next, [...done, o]));
    });
  };
  return go(history, register.initial);
}

describe('against all orders, one by one', () => {
  const small = fc.nat(2);
  const input: fc.Arbitrary<[Input, Output]> = fc.oneof(
    fc.tuple(fc.record({ type: fc.constant('write' as const), value: small }), fc.constant(true)),
    fc.tuple(fc.record({ type: fc.constant('read' as const) }), small as fc.Arbitrary<Output>),
    fc.tuple(
      fc.record({ type: fc.constant('cas' as const), from: small, to: small }),
      fc.boolean() as fc.Arbitrary<Output>,
    ),
  );
  const operation = fc
    .tuple(input, fc.nat(12), fc.integer({ min: 1, max: 8 }), fc.nat(9))
    .map(([[what, output], from, ms, luck]): Op => {
      if (luck === 0) return op('c', what, from, Infinity);
      if (luck === 1) return op('c', what, from, from + ms);
      if (luck === 2) return { ...op('c', what, from, from + ms), cutShort: true };
      return op('c', what, from, from + ms, output);
    });
  test('the verdicts are the same', () => {
    const counts = { yes: 0, no: 0 };
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 6 }), (history) => {
        const expected = bruteForce(history);
        counts[expected ? 'yes' : 'no']++;
        expect(checkLinearizable(register, history).ok).toBe(expected);
      }),
      { numRuns: 3_000 },
    );
    // The property says something only if both verdicts are common.
    expect(Math.min(counts.yes, counts.no)).toBeGreaterThan(300);
  });
});

test('a long history of many clients is judged, and one wrong read in it found', () => {
  // A register that takes effect half way through each operation.
  let state = 0;
  const history: Op[] = [];
  for (let i = 0; i < 1_500; i++) {
    const client = `c${i % 8}`;
    const atMs = i;
    if (i % 3 === 0) {
      state = i;
      history.push(write(client, i, atMs - 3.5, atMs + 3.4));
    } else history.push(read(client, state, atMs - 3.5, atMs + 3.4));
  }
  expect(checkLinearizable(register, history).ok).toBe(true);
  const wrong = [...history];
  wrong[1_201] = { ...history[1_201]!, output: 900 };
  expect(checkLinearizable(register, wrong).ok).toBe(false);
});
