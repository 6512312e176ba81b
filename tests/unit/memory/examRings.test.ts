import { describe, expect, it } from 'vitest';
import { examine, type Examinee, type ExamReport } from '../../../src/memory/exam.ts';
import { readExam } from '../../../src/memory/examData.ts';
import { AGENT_MEMORY } from '../../../src/memory/examMetrics.ts';
import { ringsExaminee } from '../../../src/memory/examRings.ts';
import { memoryOptions, type MemoryOptions } from '../../../src/memory/options.ts';
import { createRng } from '../../../src/kernel/rng.ts';
import { madeMeetings, madeSquad } from '../../harness/madeExam.ts';

const options = (given: Partial<MemoryOptions> = {}): MemoryOptions => {
  const parsed = memoryOptions.parse(given, 'memory');
  if (!parsed.ok) throw new Error('options');
  return parsed.value;
};
function sit(text: string, examinees: readonly Examinee[]): ExamReport {
  const data = readExam([{ name: 'made', text }]);
  if (!data.ok) throw new Error(data.error.message);
  const steps = examine(data.value, examinees, createRng('exam'));
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}
const zonesOf = (report: ExamReport): Record<string, number> =>
  Object.fromEntries(report.results[0]!.zones.map(({ zone, entries }) => [zone, entries]));

describe('an exam of the tree-ring memory', () => {
  it('finds answers in rush memory, growth rings and core, to which they came by the law of the rings', () => {
    const report = sit(madeSquad(6, 10), [ringsExaminee(options({ coreRecalls: 2 }))]);
    const [own] = report.results;
    expect(own!.examinee).toBe(AGENT_MEMORY);
    const zones = zonesOf(report);
    expect(Object.values(zones).reduce((a, b) => a + b)).toBe(60);
    // The last article is of today and still hot; the others cooled, and those that were asked for rose to the core.
    for (const zone of ['rush', 'growth', 'core']) expect(zones[zone], zone).toBeGreaterThan(0);
    const parts = own!.byZone.map((p) => p.name);
    expect(parts).toEqual(expect.arrayContaining(['rush', 'growth', 'core']));
    expect(own!.byZone.reduce((sum, p) => sum + p.questions, 0)).toBe(report.questions);
    expect(own!.byZone.find((p) => p.name === 'growth')!.means['hit@5']).toBeGreaterThan(0.4);
  });

  it('follows the policy: without a core nothing is in it, with a long half-life nothing leaves rush memory', () => {
    const coreless = zonesOf(sit(madeSquad(4, 5), [ringsExaminee(options({ coreShare: 0 }))]));
    expect(coreless['core']).toBeUndefined();
    const slow = zonesOf(
      sit(madeSquad(4, 5), [ringsExaminee(options({ coreShare: 0, halfLifeMs: 31_536_000_000 }))]),
    );
    expect(slow).toEqual({ rush: 20 });
  });

  it('counts what was merged into an earlier one as merged, and not as found under its own label', () => {
    const twice = madeMeetings(1, 40).replaceAll(/"content":"Well[^"]*"/g, '"content":"Yes, that is right."');
    const zones = zonesOf(sit(twice, [ringsExaminee(options())]));
    expect(zones['merged']).toBeGreaterThan(20);
  });

  it('holds every examinee against the same questions by zone', () => {
    const none: Examinee = { name: 'none', learn: () => ({ ask: () => [] }) };
    const { results } = sit(madeSquad(6, 10), [ringsExaminee(options({ coreRecalls: 2 })), none]);
    expect(results[1]!.byZone.map((p) => [p.name, p.questions])).toEqual(
      results[0]!.byZone.map((p) => [p.name, p.questions]),
    );
    expect(results[1]!.byZone.every((p) => p.means['hit@20'] === 0)).toBe(true);
    expect(results[1]!.zones).toEqual([]);
  });
});
