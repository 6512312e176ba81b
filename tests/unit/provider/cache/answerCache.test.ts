import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  AnswerCache,
  answerBytes,
  type AnswerCacheOptions,
} from '../../../../src/provider/cache/answerCache.ts';

const options: AnswerCacheOptions = {
  policy: 'lru',
  bytes: 100_000,
  ttlMs: 1_000,
  staleMs: 500,
  negativeMs: 200,
};
const hit = (text: string, refresh = false) => ({ type: 'hit', text, refresh });

test('a key under way is fetched once: who asks meanwhile waits and gets the same answer', () => {
  const cache = new AnswerCache(options);
  expect(cache.ask('k', 1, 0)).toEqual({ type: 'lead' });
  expect(cache.ask('k', 2, 1)).toEqual({ type: 'wait' });
  expect(cache.ask('k', 3, 2)).toEqual({ type: 'wait' });
  expect(cache.fill('k', 'yes', [], 3)).toEqual({ type: 'answer', waiters: [2, 3], text: 'yes' });
  expect(cache.ask('k', 4, 4)).toEqual(hit('yes'));
  expect(cache.counts).toMatchObject({ hits: 1, joined: 2, misses: 1 });
});

test('when the leader fails the next waiter leads, and one that left is passed over', () => {
  const cache = new AnswerCache(options);
  for (const waiter of [1, 2, 3]) cache.ask('k', waiter, 0);
  cache.leave('k', 2);
  expect(cache.fail('k', 1)).toEqual({ type: 'lead', waiter: 3 });
  expect(cache.ask('k', 4, 2)).toEqual({ type: 'wait' });
  expect(cache.fail('k', 3)).toEqual({ type: 'lead', waiter: 4 });
  expect(cache.fail('k', 4)).toBeNull();
  expect(cache.ask('k', 5, 5)).toEqual({ type: 'lead' });
});

test('turned off, everybody leads and nothing is kept', () => {
  const cache = new AnswerCache({ ...options, bytes: 0 });
  expect(cache.ask('k', 1, 0)).toEqual({ type: 'lead' });
  expect(cache.ask('k', 2, 0)).toEqual({ type: 'lead' });
  expect(cache.fill('k', 'yes', [], 0)).toBeNull();
  expect(cache.ask('k', 3, 0)).toEqual({ type: 'lead' });
});

test('an answer is fresh for its time, then stale while one caller fetches it anew, then gone', () => {
  const cache = new AnswerCache(options);
  cache.ask('k', 1, 0);
  cache.fill('k', 'old', [], 0);
  expect(cache.ask('k', 2, 1_000)).toEqual(hit('old'));
  expect(cache.ask('k', 3, 1_001)).toEqual(hit('old', true));
  expect(cache.ask('k', 4, 1_002)).toEqual(hit('old'));
  expect(cache.ask('k', 3, 1_002, true)).toEqual({ type: 'lead' });
  cache.fill('k', 'new', [], 1_003);
  expect(cache.ask('k', 5, 2_003)).toEqual(hit('new'));
  expect(cache.ask('k', 6, 2_504)).toEqual({ type: 'lead' });
  expect(cache.counts).toMatchObject({ staleHits: 2, expired: 1 });
});

test('who was asked to fetch a stale answer anew and does not come is not waited for', () => {
  const cache = new AnswerCache({ ...options, staleMs: 5_000 });
  cache.ask('k', 1, 0);
  cache.fill('k', 'old', [], 0);
  expect(cache.ask('k', 2, 1_100)).toEqual(hit('old', true));
  expect(cache.ask('k', 3, 2_099)).toEqual(hit('old'));
  expect(cache.ask('k', 4, 2_100)).toEqual(hit('old', true));
  expect(cache.ask('k', 4, 2_101, true)).toEqual({ type: 'lead' });
  expect(cache.ask('k', 5, 2_102, true)).toEqual({ type: 'wait' });
  expect(cache.ask('k', 6, 4_000)).toEqual(hit('old'));
  expect(cache.fail('k', 4_001)).toEqual({ type: 'lead', waiter: 5 });
  expect(cache.fail('k', 4_002)).toBeNull();
});

test('a refusal that would come again is given to all who wait, and for a while', () => {
  const cache = new AnswerCache(options);
  cache.ask('k', 1, 0);
  cache.ask('k', 2, 0);
  expect(cache.fail('k', 10, 'no such model')).toEqual({
    type: 'refuse',
    waiters: [2],
    message: 'no such model',
  });
  expect(cache.ask('k', 3, 210)).toEqual({ type: 'refused', message: 'no such model' });
  expect(cache.ask('k', 4, 211)).toEqual({ type: 'lead' });
  expect(cache.counts).toMatchObject({ negativeHits: 2 });
});

test('answers go when what they rest on changes, and one under way is given but not kept', () => {
  const cache = new AnswerCache(options);
  for (const [key, tags] of [
    ['a', ['doc#1', 'doc#2']],
    ['b', ['doc#2']],
    ['c', ['doc#3']],
  ] as const) {
    cache.ask(key, 1, 0);
    cache.fill(key, key, tags, 0);
  }
  cache.ask('d', 1, 1);
  cache.ask('d', 2, 1);
  expect(cache.invalidate(['doc#2']).sort()).toEqual(['a', 'b']);
  expect(cache.ask('a', 2, 2)).toEqual({ type: 'lead' });
  expect(cache.ask('c', 2, 2)).toEqual(hit('c'));
  expect(cache.fill('d', 'd', ['doc#2'], 3)).toEqual({ type: 'answer', waiters: [2], text: 'd' });
  expect(cache.ask('d', 3, 4)).toEqual({ type: 'lead' });
});

test('whatever happens, it holds its budget, gives only what was filled in and not invalidated, and nobody waits in vain', () => {
  const step = fc.record({
    what: fc.constantFrom('ask', 'ask', 'ask', 'fill', 'fail', 'refuse', 'leave', 'invalidate', 'wait'),
    key: fc.integer({ min: 0, max: 7 }).map((n) => `key ${n}`),
    tag: fc.constantFrom('x', 'y', 'z'),
    n: fc.integer({ min: 0, max: 400 }),
  });
  const policy = fc.constantFrom('lru', 'sieve', 's3-fifo', 'arc', 'lirs', 'w-tinylfu', 'auto' as const);
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120 }),
      policy,
      fc.integer({ min: 300, max: 4_000 }),
      (steps, name, bytes) => {
        const cache = new AnswerCache({ ...options, policy: name, bytes });
        const truth = new Map<string, { text: string; tag: string; atMs: number }>();
        const leaders = new Map<string, boolean>();
        const waiting = new Map<number, string>();
        let nowMs = 0;
        let waiter = 0;
        for (const { what, key, tag, n } of steps) {
          if (what === 'wait') nowMs += n;
          if (what === 'leave') {
            const [first] = waiting;
            if (first) {
              cache.leave(first[1], first[0]);
              waiting.delete(first[0]);
            }
          }
          if (what === 'invalidate') {
            cache.invalidate([tag]);
            for (const [k, t] of truth) if (t.tag === tag) truth.delete(k);
            for (const k of leaders.keys()) leaders.set(k, true);
          }
          if (what === 'ask') {
            const answer = cache.ask(key, ++waiter, nowMs);
            if (answer.type === 'lead') {
              expect(leaders.has(key)).toBe(false);
              leaders.set(key, false);
            }
            if (answer.type === 'wait') {
              expect(leaders.has(key)).toBe(true);
              waiting.set(waiter, key);
            }
            if (answer.type === 'hit') {
              expect(answer.text).toBe(truth.get(key)?.text);
              expect(nowMs - truth.get(key)!.atMs).toBeLessThanOrEqual(options.ttlMs + options.staleMs);
            }
          }
          if ((what === 'fill' || what === 'fail' || what === 'refuse') && leaders.has(key)) {
            const text = `${key} at ${nowMs} ${'.'.repeat(n)}`;
            const effect =
              what === 'fill'
                ? cache.fill(key, text, [tag], nowMs)
                : cache.fail(key, nowMs, what === 'refuse' ? 'no' : undefined);
            const mine = [...waiting].filter(([, k]) => k === key).map(([w]) => w);
            if (what === 'fill' && leaders.get(key) === false) truth.set(key, { text, tag, atMs: nowMs });
            if (what === 'fail' && mine.length > 0) {
              expect(effect).toEqual({ type: 'lead', waiter: mine[0] });
              waiting.delete(mine[0]!);
            } else {
              leaders.delete(key);
              if (mine.length > 0) expect(effect).toMatchObject({ waiters: mine });
              else expect(effect).toBeNull();
              for (const w of mine) waiting.delete(w);
            }
            if (what === 'refuse') truth.delete(key);
          }
          expect(cache.bytes).toBeLessThanOrEqual(bytes);
        }
      },
    ),
  );
});

test('an answer heavier than the whole layer is given and not kept', () => {
  const cache = new AnswerCache({ ...options, bytes: 500 });
  cache.ask('k', 1, 0);
  cache.ask('k', 2, 0);
  const text = 'x'.repeat(1_000);
  expect(answerBytes('k', text, [])).toBeGreaterThan(500);
  expect(cache.fill('k', text, [], 0)).toEqual({ type: 'answer', waiters: [2], text });
  expect(cache).toMatchObject({ size: 0, bytes: 0 });
});
