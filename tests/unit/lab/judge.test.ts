import { describe, expect, it } from 'vitest';
import { idleSnapshot } from '../../../src/fleet/idle.ts';
import { derivedSigns, judge } from '../../../src/lab/judge.ts';

const { vitalSigns, startUp } = idleSnapshot('idle', null, { agents: 1, workers: 1 });
const recovery = (ms: number) => ({ node: 1, ms, messagesRedelivered: 0, messagesLost: 0, memoriesLost: 0 });

describe('judging a report', () => {
  it('holds each threshold against its sign', () => {
    const judgements = judge(
      [
        { sign: 'delivery.lost', is: '=', bar: 0 },
        { sign: 'responseTime.samples', is: '>', bar: 0 },
        { sign: 'derived.kills', is: '<=', bar: 3 },
      ],
      { vitalSigns, startUp },
      { kills: 3 },
    );
    expect(judgements).toEqual([
      { claim: 'delivery.lost = 0', value: 0, pass: true },
      { claim: 'responseTime.samples > 0', value: 0, pass: false },
      { claim: 'derived.kills <= 3', value: 3, pass: true },
    ]);
  });

  it('fails what does not exist or was not measured', () => {
    const thresholds = [
      'delivery.nonsense',
      'startUp.firstAnswerMs',
      'memory.metric',
      'nothing',
      'responseTime.p99Ms',
      'memory.value',
      'derived.medianRecoveryMs',
    ].map((sign) => ({
      sign,
      is: '<' as const,
      bar: 1e9,
    }));
    expect(judge(thresholds, { vitalSigns, startUp }, {}).map((j) => j.pass)).toEqual(
      thresholds.map(() => false),
    );
  });
});

describe('derived signs', () => {
  it('give the median recovery and the kills that nobody came back from', () => {
    const progress = {
      questions: { asked: 11, answered: 10, failed: 1 },
      errands: { put: 0, home: 0, away: 0, twice: 0 },
    };
    const odd = derivedSigns([300, 100, 200].map(recovery), 4, progress);
    expect(odd).toMatchObject({
      medianRecoveryMs: 200,
      slowestRecoveryMs: 300,
      unrecovered: 1,
      recoveries: 3,
    });
    expect(derivedSigns([100, 300].map(recovery), 2, progress)['medianRecoveryMs']).toBe(200);
    expect(derivedSigns([], 0, progress)['medianRecoveryMs']).toBe(undefined);
  });
});
