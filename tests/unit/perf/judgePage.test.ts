import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Judgement, Report } from '../../../src/lab/report.ts';
import { judgePage } from '../../perf/judgePage.ts';
import { markdown } from '../../perf/markdown.ts';
import type { PageFacts } from '../../perf/probe.ts';
import type { PerfResult } from '../../perf/result.ts';

const facts = (over: Partial<PageFacts> = {}): PageFacts => ({
  longTasks: 0,
  longestTaskMs: 0,
  frames: 1_800,
  frameMedianMs: 16.7,
  frameP95Ms: 17.1,
  ...over,
});
const ofReport = (...judgements: Judgement[]): Pick<Report, 'judgements'> => ({ judgements });
const noLongTask = { sign: 'page.longTasks', is: '=', bar: 0 };

test('what the page said of its own smoothness is replaced by what was measured; its other verdicts stay', () => {
  const kept = { claim: 'delivery.lost = 0', value: 3, pass: false };
  const report = ofReport({ claim: 'page.longTasks = 0', value: 0, pass: true }, kept);
  const thresholds = [noLongTask, { sign: 'delivery.lost', is: '=', bar: 0 }];
  expect(judgePage(thresholds, report, facts({ longTasks: 2 }))).toEqual([
    kept,
    { claim: 'page.longTasks = 0', value: 2, pass: false },
  ]);
});

test('a threshold of the page is judged even where the page said nothing of it', () => {
  expect(judgePage([noLongTask], ofReport(), facts())).toEqual([
    { claim: 'page.longTasks = 0', value: 0, pass: true },
  ]);
});

test('every comparison holds exactly on its side of the bar', () => {
  const side = { '<': -1, '<=': -1, '=': 0, '>=': 1, '>': 1 } as const;
  fc.assert(
    fc.property(fc.constantFrom('<', '<=', '=', '>=', '>'), fc.nat(40), fc.nat(40), (is, value, bar) => {
      const order = Math.sign(value - bar);
      const expected = order === 0 ? is !== '<' && is !== '>' : order === side[is];
      const [verdict] = judgePage(
        [{ sign: 'page.frameP95Ms', is, bar }],
        ofReport(),
        facts({ frameP95Ms: value }),
      );
      expect(verdict).toEqual({ claim: `page.frameP95Ms ${is} ${bar}`, value, pass: expected });
    }),
  );
});

test('a page that drew no frame, or a sign that does not exist, meets nothing', () => {
  const unmeasured = { value: null, pass: false };
  expect(judgePage([noLongTask], ofReport(), facts({ frames: 0 }))[0]).toMatchObject(unmeasured);
  for (const is of ['<', '>', '='])
    expect(judgePage([{ sign: 'page.smoothness', is, bar: 1 }], ofReport(), facts())[0]).toMatchObject(
      unmeasured,
    );
});

test('what was not measured is told in words, never as a figure', () => {
  const judgements = [
    { claim: 'memory.value > 0.9', value: null, pass: false },
    { claim: 'page.longTasks = 0', value: 0, pass: true },
  ];
  const report = {
    seed: 's',
    world: 'live',
    durationMs: 30_000,
    events: [],
    recoveries: [],
    judgements,
  } as unknown as Report;
  const result: PerfResult = {
    scenario: { name: 'tried' },
    build: 'b',
    machine: { cpu: 'c', cores: 2, browser: 'Chromium' },
    pass: false,
    summary: {},
    runs: [{ report, page: facts(), errors: [] }],
  };
  const told = markdown(result);
  expect(told).toContain('| memory.value > 0.9 | **MISSED** | not measured |');
  expect(told).toContain('| page.longTasks = 0 | met | 0 |');
});
