import { expect, test } from 'vitest';
import { createCapacityControl, type StudyEnd } from '../../../src/lab/capacityControl.ts';
import { createCapacityRuns } from '../../../src/lab/capacityRuns.ts';
import { comparison, reportMarkdown } from '../../../src/lab/capacityMarkdown.ts';
import type { CapacityReport } from '../../../src/lab/capacityReport.ts';
import { verdictOf } from '../../../src/lab/capacityVerdict.ts';

/** Two requests a second are borne; three come. */
const over = {
  profile: 'custom',
  limits: {
    requests: 120,
    inputTokens: 90_000_000,
    outputTokens: 9_000_000,
    concurrency: 1_000,
    enforcement: 'sliding',
  },
  agents: 30,
  arrivals: 'even',
  rampS: 0,
  tasksPerHour: 360,
  callsPerTask: 1,
  prompt: { median: 50, p95: 50 },
  output: { median: 20, p95: 20 },
  maxTokens: 32,
  slo: { taskMs: 2_000, callMs: 2_000 },
  deadlineMs: 20_000,
  durationS: 90,
};

const ask = (plan: unknown): Promise<StudyEnd> =>
  createCapacityControl().study(plan, 'a build', () => undefined);
async function reportOf(plan: unknown): Promise<CapacityReport> {
  const end = await ask(plan);
  if (end.type !== 'done') throw new Error(JSON.stringify(end));
  return end.report;
}

test('a study says what breaks first, how many agents are borne, and what the other policies would change', async () => {
  const report = await reportOf(over);
  const [head, first, ...more] = verdictOf(report);
  expect(head).toBe('30 agents: requests a minute break first with Treering’s desk.');
  expect(first).toMatch(
    /^The bar is broken: .* of 270 tasks in time, 0 429s on the wire, 0 seen by agents\.$/,
  );
  const desk = report.knees.find((k) => k.policy === 'desk')!;
  // 20 agents by division; a span of 90 s shows no less than two too many.
  expect(desk.agents).toBeGreaterThanOrEqual(18);
  expect(desk.agents).toBeLessThanOrEqual(22);
  expect(more).toContain(
    `With Treering’s desk ${desk.agents} agents keep the bar; with ${desk.breaksAt} requests a minute break first.`,
  );
  const naive = report.outcomes.find((o) => o.policy === 'retries')!;
  expect(naive.wire429).toBeGreaterThan(20);
  expect(comparison(report).find((r) => r.name === '429s on the wire')!.values).toEqual(
    report.outcomes.map((o) => String(o.wire429)),
  );
  // The best number of places was searched, and is one of those that were tried.
  expect(report.tuning!.tried.map((t) => t.places)).toContain(report.tuning!.places);
  expect(report.outcomes.find((o) => o.policy === 'fixed')!.places).toBe(report.tuning!.places);
  const text = reportMarkdown(report, 'https://example.org/#desk=x');
  for (const line of [head!, ...more]) expect(text).toContain(line);
  expect(text).toContain(`as of ${report.profile.asOf}`);
  const small = { ...over, policies: ['desk'], knee: 'none' };
  expect(await reportOf(small)).toEqual(await reportOf(small));
}, 90_000);

test('a study that three share has the report of one alone, whoever is quicker', async () => {
  const plan = { ...over, durationS: 60, policies: ['desk', 'fixed'] };
  const alone = await reportOf(plan);
  const did = [0, 0, 0];
  const three = did.map((_, i) => {
    const runs = createCapacityRuns();
    return {
      ...runs,
      run: async (...[job, progress]: Parameters<typeof runs.run>) => {
        did[i]!++;
        // The first one dawdles.
        for (let turn = 0; i === 0 && turn < 200; turn++) await new Promise((r) => void setImmediate(r));
        return runs.run(job, progress);
      },
    };
  });
  const shares: number[] = [];
  const end = await createCapacityControl(three).study(plan, 'a build', (share) => void shares.push(share));
  if (end.type !== 'done') throw new Error(JSON.stringify(end));
  expect(end.report).toEqual(alone);
  expect(Math.min(...did)).toBeGreaterThan(0);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
});

test('a plan that is none is refused with its sentences', async () => {
  expect(await ask({ agents: 0, seed: '' })).toEqual({
    type: 'refused',
    sentences: [
      'seed must be a string of 1 to 100 characters, got ""',
      'agents must be a whole number from 1 to 100000, got 0',
    ],
  });
});

test('a study is cancelled while it runs, and the next one is not', async () => {
  const control = createCapacityControl();
  const shares: number[] = [];
  const end = await control.study(over, 'b', (share) => {
    shares.push(share);
    if (share > 0.1) control.cancel();
  });
  expect(end).toEqual({ type: 'cancelled' });
  expect(shares.at(-1)).toBeLessThan(0.5);
  const small = { ...over, policies: ['desk'], knee: 'none', agents: 2 };
  expect((await control.study(small, 'b', () => undefined)).type).toBe('done');
});

test('a limit a day that will not last is told, although nothing is refused within the hour', async () => {
  const report = await reportOf({
    ...over,
    profile: 'groq-like',
    limits: { requests: 1_000_000, totalTokens: 900_000_000 },
    troubles: 'none',
    agents: 60,
    policies: ['desk'],
    knee: 'none',
  });
  expect(report.outcomes[0]!.wire429).toBe(0);
  // 6 requests a second spend half a million in 23.1 hours.
  expect(verdictOf(report).join(' ')).toContain('500,000 requests a day are spent after 23.1 hours');
});
