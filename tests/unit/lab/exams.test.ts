import { describe, expect, it } from 'vitest';
import { idleSnapshot } from '../../../src/fleet/idle.ts';
import { createExams, type Exams } from '../../../src/lab/exams.ts';
import { examined } from '../../../src/lab/examined.ts';
import { examMarkdown } from '../../../src/lab/examMarkdown.ts';
import type { Grove } from '../../../src/lab/grove.ts';
import { judge } from '../../../src/lab/judge.ts';
import { parseScenario, type Scenario } from '../../../src/scenario/scenario.ts';
import { runExam } from '../../../src/memory/examRun.ts';
import { madeSquad } from '../../harness/madeExam.ts';
import { parseExposition } from '../../harness/prometheusParser.ts';

const scenario: Scenario = (() => {
  const parsed = parseScenario({ thresholds: [{ sign: 'memory.value', is: '>', bar: 0.9 }] });
  if (!parsed.ok) throw new Error(parsed.error.join());
  return parsed.value;
})();
const file = new File([madeSquad(3, 4)], 'made.json');

/** Exams that run at once in this thread, or never end. */
const exams = (ends = true): Exams =>
  createExams((files, setting) => ({
    result: ends
      ? files[0]!.text().then((text) => {
          const run = runExam([{ name: files[0]!.name, text }], setting);
          let step = run.next();
          while (!step.done) step = run.next();
          return step.value;
        })
      : new Promise(() => undefined),
    cancel: () => undefined,
  }));

/** A grove with a self-test of 0.98. */
function grove(): Grove {
  const idle = idleSnapshot('running', null, { agents: 1, workers: 1 });
  const memory = { metric: 'self-test: known items', dataset: 'the addresses', value: 0.98, queries: 50 };
  const vitalSigns = { ...idle.vitalSigns, memory };
  const { startUp } = idle;
  return {
    snapshot: () => Promise.resolve({ ...idle, vitalSigns }),
    report: () =>
      Promise.resolve({
        scenario,
        ...{ seed: '', build: '', world: 'live', durationMs: 0, startUp, vitalSigns, derived: {} },
        judgements: judge(scenario.thresholds, { startUp, vitalSigns }, {}),
        ...{ events: [], recoveries: [] },
      }),
    metrics: () =>
      Promise.resolve('# HELP treering_agents Agents up.\n# TYPE treering_agents gauge\ntreering_agents 1\n'),
  } as unknown as Grove;
}

describe('an exam and the vital sign memory accuracy', () => {
  it('the sign is the self-test until an exam was taken, then the exam, each under its own name, never mixed', async () => {
    const taken = exams();
    const examinedGrove = examined(grove(), taken);
    const before = await examinedGrove.report();
    expect(before).toEqual(await grove().report());
    expect(before.judgements[0]).toMatchObject({ of: 'self-test: known items, the addresses', value: 0.98 });

    const outcome = await taken.take([file], scenario);
    if (!outcome.ok) throw new Error(outcome.message);
    const { sign, report } = outcome.account;
    const after = await examinedGrove.report();
    expect(sign.metric).toBe("exam: hit@5, an agent's memory");
    expect(sign.dataset).toBe('SQuAD (made.json)');
    expect(sign.value).toBe(report.results[0]!.overall['hit@5'].mean);
    expect(sign.value).not.toBe(0.98);
    expect(after.vitalSigns.memory).toEqual(sign);
    expect(after.vitalSigns.selfTest).toEqual(before.vitalSigns.memory);
    expect(after.exam).toEqual(outcome.account);
    expect(after.judgements).toEqual([
      {
        claim: 'memory.value > 0.9',
        of: `${sign.metric}, ${sign.dataset}`,
        value: sign.value,
        pass: sign.value > 0.9,
      },
    ]);
    expect((await examinedGrove.snapshot()).vitalSigns).toEqual(after.vitalSigns);
  });

  it('its figures are in the metrics, by examinee and ring', async () => {
    const taken = exams();
    const outcome = await taken.take([file], scenario);
    if (!outcome.ok) throw new Error(outcome.message);
    const families = parseExposition(await examined(grove(), taken).metrics());
    const samples = families.find((f) => f.name === 'treering_memory_exam_ratio')!.samples;
    const one = samples.find(
      (s) =>
        s.labels['examinee'] === "an agent's memory" &&
        s.labels['metric'] === 'MRR' &&
        s.labels['ring'] === 'all',
    );
    expect(one!.value).toBe(outcome.account.report.results[0]!.overall.MRR.mean);
    expect(one!.labels['dataset']).toBe('SQuAD (made.json)');
  });

  it('takes one at a time; a cancelled or refused one leaves the last one as it was', async () => {
    const endless = exams(false);
    const first = endless.take([file], scenario);
    expect(await endless.take([file], scenario)).toMatchObject({
      ok: false,
      message: /under way/ as never,
    });
    endless.cancel();
    expect(await first).toMatchObject({ ok: false });
    expect(endless.last).toBeNull();

    const taken = exams();
    await taken.take([file], scenario);
    const { last } = taken;
    expect(await taken.take([new File(['{'], 'broken.json')], scenario)).toMatchObject({ ok: false });
    expect(taken.last).toBe(last);
  });

  it('as Markdown names data set, examinees and intervals', async () => {
    const outcome = await exams().take([file], scenario);
    if (!outcome.ok) throw new Error(outcome.message);
    const text = examMarkdown(outcome.account, 'b1');
    expect(text).toContain('# Memory exam: SQuAD (made.json)');
    const { mean, low, high } = outcome.account.report.results.find((r) => r.examinee === 'two stages')!
      .overall['R@1'];
    const [a, b, c] = [mean, low, high].map((x) => (100 * x).toFixed(1));
    expect(text).toContain(`| two stages | ${a} (${b} to ${c}) |`);
    expect(text).toContain('## By ring of the memory that answers');
  });
});
