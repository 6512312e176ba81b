import fc from 'fast-check';
import { expect, test } from 'vitest';
import { answerBytes } from '../../../../src/provider/cache/answerCache.ts';
import type { AnswerStore, StoredAnswer } from '../../../../src/provider/cache/answerStore.ts';
import {
  createSharedAnswers,
  type SharedAnswer,
  type SharedAnswersOptions,
} from '../../../../src/provider/cache/sharedAnswers.ts';
import { createDeskAnswers, ONE_PLACE, type Told } from '../../../../src/provider/deskAnswers.ts';
import { providerOptions } from '../../../../src/provider/options.ts';
import { createTestEnv } from '../../../harness/testEnv.ts';

const options: SharedAnswersOptions = {
  policy: 'auto',
  bytes: 100_000,
  ttlMs: 1_000,
  staleMs: 500,
  negativeMs: 200,
  regions: 3,
  diskBytes: 100_000,
};

/** A store whose answers come when the test says so. */
function slowStore(held: ReadonlyMap<string, StoredAnswer & { readonly ageMs: number }> = new Map()) {
  const answers = new Map(held);
  const late: (() => void)[] = [];
  const store: AnswerStore = {
    heads: (done) =>
      void late.push(() => {
        done([...answers.values()].map((a) => ({ ...a, bytes: answerBytes(a.key, a.text, a.tags) })));
      }),
    read: (key, done) => void late.push(() => done(answers.get(key) ?? null)),
    put: (answer) => void answers.set(answer.key, { ...answer, ageMs: 0 }),
    remove: (keys) => {
      for (const key of keys) answers.delete(key);
    },
  };
  return {
    store,
    answers,
    runLate: () => {
      for (let fn = late.shift(); fn; fn = late.shift()) fn();
    },
  };
}

function desk(store: AnswerStore | null = null, given: Partial<SharedAnswersOptions> = {}) {
  let nowMs = 0;
  const shared = createSharedAnswers(() => nowMs, { ...options, ...given }, store);
  return {
    shared,
    wait: (ms: number) => void (nowMs += ms),
    ask(region: number, key: string, refresh = false) {
      const heard: SharedAnswer[] = [];
      const ticket = shared.ask(region, key, refresh, (answer) => heard.push(answer));
      return { heard, ticket };
    },
  };
}
const answer = (text: string, layer: string, refresh = false) => [{ type: 'answer', text, layer, refresh }];
const lead = [{ type: 'lead' }];

test('one caller of the whole grove fetches; those of its region and of others get its answer', () => {
  const { shared, ask } = desk();
  const [a, b, c, d] = [ask(0, 'k'), ask(0, 'k'), ask(1, 'k'), ask(1, 'k')];
  expect([a, b, c, d].map((x) => x.heard)).toEqual([lead, [], [], []]);
  shared.fill('k', 'yes', []);
  expect([b, c, d].map((x) => x.heard[0])).toMatchObject(
    [1, 2, 3].map(() => ({ text: 'yes', layer: 'joined' })),
  );
  expect(ask(1, 'k').heard).toEqual(answer('yes', 'region'));
  expect(ask(2, 'k').heard).toEqual(answer('yes', 'other region'));
  expect(ask(2, 'k').heard).toEqual(answer('yes', 'region'));
});

test('when who fetches fails, the next of its region fetches, then another region’s, and those who left are passed over', () => {
  const { shared, ask } = desk();
  const [, b, c, d, e] = [ask(0, 'k'), ask(0, 'k'), ask(1, 'k'), ask(1, 'k'), ask(2, 'k')];
  shared.fail('k');
  expect(b.heard).toEqual(lead);
  shared.leave(c.ticket);
  shared.fail('k');
  expect(d.heard).toEqual(lead);
  shared.fail('k');
  expect(e.heard).toEqual(lead);
  expect(c.heard).toEqual([]);
  shared.fail('k');
  expect(ask(0, 'k').heard).toEqual(lead);
});

test('a refusal is told to all who wait, in every region', () => {
  const { shared, ask } = desk();
  const [, b, c] = [ask(0, 'k'), ask(0, 'k'), ask(1, 'k')];
  shared.fail('k', 'no such model');
  expect([b.heard, c.heard]).toEqual([0, 1].map(() => [{ type: 'refused', message: 'no such model' }]));
});

test('what an earlier visit left on disk is given, as old as it is', () => {
  const disk = slowStore(new Map([['k', { key: 'k', text: 'from before', tags: ['doc#1'], ageMs: 800 }]]));
  const { ask, wait } = desk(disk.store);
  disk.runLate();
  const a = ask(0, 'k');
  expect(a.heard).toEqual([]);
  disk.runLate();
  expect(a.heard).toEqual(answer('from before', 'disk'));
  wait(201);
  expect(ask(0, 'k').heard).toEqual(answer('from before', 'region', true));
  wait(500);
  const b = ask(0, 'k');
  disk.runLate();
  expect(b.heard).toEqual(lead);
});

test('with no caching at all nothing comes from the disk, nor goes there', () => {
  const disk = slowStore(new Map([['k', { key: 'k', text: 'from before', tags: [], ageMs: 0 }]]));
  const parsed = providerOptions.parse({ cacheBytes: 0 }, 'provider');
  if (!parsed.ok) throw new Error('options');
  const answers = createDeskAnswers(createTestEnv(), parsed.value, { ...ONE_PLACE, store: disk.store });
  const request = { agent: 'a', inputTokens: 1, maxOutputTokens: 1, deadlineAtMs: 1e9 };
  const heard: Told[] = [];
  for (const cacheKey of ['k', 'new']) {
    answers.ask(1, { ...request, cacheKey }, (told) => heard.push(told));
    disk.runLate();
    answers.fill(cacheKey, 'fresh', []);
  }
  disk.runLate();
  expect(heard).toEqual([...lead, ...lead]);
  expect([...disk.answers.keys()]).toEqual(['k']);
});

test('who gives up while the disk is read does not leave the key to nobody', () => {
  const disk = slowStore();
  const { shared, ask } = desk(disk.store);
  disk.runLate();
  shared.fill('k', 'x', []);
  shared.invalidate([]);
  const other = createSharedAnswers(() => 0, options, disk.store);
  disk.runLate();
  disk.answers.clear();
  const heard: SharedAnswer[] = [];
  const ticket = other.ask(0, 'k', false, (a) => heard.push(a));
  const late: SharedAnswer[] = [];
  other.ask(0, 'k', false, (a) => late.push(a));
  other.leave(ticket);
  disk.runLate();
  expect(heard).toEqual([]);
  expect(late).toEqual(lead);
  expect(ask(0, 'k').heard).toEqual([]);
});

test('what an answer rests on changes: it goes from every layer, also from one on its way from disk', () => {
  const disk = slowStore(new Map([['k', { key: 'k', text: 'untrue', tags: ['doc#1'], ageMs: 0 }]]));
  const { shared, ask } = desk(disk.store);
  disk.runLate();
  const a = ask(0, 'k');
  shared.invalidate(['doc#1']);
  disk.runLate();
  expect(a.heard).toEqual(lead);
  // Its fetch began before the change.
  shared.fill('k', 'untrue still', ['doc#1']);
  expect(disk.answers.size).toBe(0);
  const b = ask(1, 'k');
  expect(b.heard).toEqual(lead);
  shared.fill('k', 'true', ['doc#1']);
  expect(disk.answers.get('k')?.text).toBe('true');
  shared.invalidate(['doc#1']);
  expect(disk.answers.size).toBe(0);
});

test('what changed before the disk’s index was there does not come back with it', () => {
  const disk = slowStore(new Map([['k', { key: 'k', text: 'untrue', tags: ['doc#1'], ageMs: 0 }]]));
  const { shared, ask } = desk(disk.store);
  shared.invalidate(['doc#1']);
  disk.runLate();
  expect(ask(0, 'k').heard).toEqual(lead);
  expect(disk.answers.size).toBe(0);
});

test('the disk holds its budget', () => {
  const disk = slowStore();
  const { shared, ask } = desk(disk.store, { diskBytes: 1_000 });
  disk.runLate();
  for (let i = 0; i < 50; i++) {
    ask(0, `key ${i}`);
    disk.runLate();
    shared.fill(`key ${i}`, 'x'.repeat(50), []);
    const held = [...disk.answers.values()].reduce((sum, a) => sum + answerBytes(a.key, a.text, a.tags), 0);
    expect(held).toBeLessThanOrEqual(1_000);
  }
  expect(disk.answers.size).toBeGreaterThan(2);
});

test('whoever asks and stays is told, exactly once, whatever fails, leaves or changes meanwhile', () => {
  const step = fc.record({
    what: fc.constantFrom(
      'ask',
      'ask',
      'ask',
      'fill',
      'fail',
      'refuse',
      'leave',
      'invalidate',
      'disk',
      'wait',
    ),
    key: fc.constantFrom('a', 'b', 'c'),
    region: fc.integer({ min: 0, max: 2 }),
    n: fc.integer({ min: 0, max: 600 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const disk = slowStore();
      const { shared, ask, wait } = desk(disk.store);
      const asked: { key: string; heard: SharedAnswer[]; ticket: number; left: boolean }[] = [];
      const leading = (key: string) => asked.filter((a) => a.key === key && a.heard[0]?.type === 'lead');
      const ended = new Set<SharedAnswer[]>();
      const end = (key: string): boolean => {
        const now = leading(key).filter((a) => !ended.has(a.heard));
        for (const a of now) ended.add(a.heard);
        expect(now.length).toBeLessThanOrEqual(1);
        return now.length === 1;
      };
      for (const { what, key, region, n } of steps) {
        if (what === 'ask') asked.push({ key, left: false, ...ask(region, key) });
        if (what === 'wait') wait(n);
        if (what === 'disk') disk.runLate();
        if (what === 'fill' && end(key)) shared.fill(key, `${key} ${n}`, [`tag ${n % 3}`]);
        if (what === 'fail' && end(key)) shared.fail(key);
        if (what === 'refuse' && end(key)) shared.fail(key, 'no');
        if (what === 'invalidate') shared.invalidate([`tag ${n % 3}`]);
        if (what === 'leave') {
          const one = asked.find((a) => !a.left && a.heard.length === 0);
          if (one) {
            one.left = true;
            shared.leave(one.ticket);
          }
        }
      }
      // Let everything under way come to its end.
      for (let i = 0; i < 300; i++) {
        disk.runLate();
        for (const key of ['a', 'b', 'c']) if (end(key)) shared.fail(key);
      }
      for (const { heard, left } of asked) expect(heard.length).toBe(left ? 0 : 1);
    }),
  );
});
