import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ResponseCache } from '../../../src/provider/responseCache.ts';

test('it holds what a plain list kept in order of use holds', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 6 }), (keys, entriesMax) => {
      const cache = new ResponseCache(entriesMax);
      let model: string[] = [];
      let hits = 0;
      keys.forEach((n, i) => {
        const key = String(n);
        const answer = cache.ask(key, i);
        expect(answer.type).toBe(model.includes(key) ? 'hit' : 'lead');
        if (answer.type === 'lead') cache.fill(key, `answer ${key}`);
        else hits++;
        model = [key, ...model.filter((k) => k !== key)].slice(0, entriesMax);
      });
      expect(cache).toMatchObject({ hits, misses: keys.length - hits, size: model.length });
    }),
  );
});

test('a key under way is fetched once: who asks meanwhile waits and gets the same answer', () => {
  const cache = new ResponseCache(10);
  expect(cache.ask('k', 1)).toEqual({ type: 'lead' });
  expect(cache.ask('k', 2)).toEqual({ type: 'wait' });
  expect(cache.ask('k', 3)).toEqual({ type: 'wait' });
  expect(cache.fill('k', 'yes')).toEqual({ type: 'answer', waiters: [2, 3], text: 'yes' });
  expect(cache.ask('k', 4)).toEqual({ type: 'hit', text: 'yes' });
  expect(cache).toMatchObject({ hits: 3, misses: 1 });
});

test('when the leader fails the next waiter leads, and one that left is passed over', () => {
  const cache = new ResponseCache(10);
  for (const waiter of [1, 2, 3]) cache.ask('k', waiter);
  cache.leave('k', 2);
  expect(cache.fail('k')).toEqual({ type: 'lead', waiter: 3 });
  expect(cache.ask('k', 4)).toEqual({ type: 'wait' });
  expect(cache.fail('k')).toEqual({ type: 'lead', waiter: 4 });
  expect(cache.fail('k')).toBeNull();
  expect(cache.ask('k', 5)).toEqual({ type: 'lead' });
});

test('turned off, everybody leads and nothing is kept', () => {
  const cache = new ResponseCache(0);
  expect(cache.ask('k', 1)).toEqual({ type: 'lead' });
  expect(cache.ask('k', 2)).toEqual({ type: 'lead' });
  expect(cache.fill('k', 'yes')).toBeNull();
  expect(cache.ask('k', 3)).toEqual({ type: 'lead' });
});
