import type { Report } from '../../src/lab/report.ts';
import { expect, home, linkTo, open, small, test, until } from './page.ts';

test.describe('a scenario', () => {
  test('rides in the address, and the link on the page starts the same one', async ({ page }) => {
    const s = await open(
      page,
      linkTo({ ...small, agents: { ...small.agents, count: 6, pool: 2 }, load: { questionsPerS: 3 } }),
    );
    expect(s.vitalSigns.concurrency).toEqual({ agents: 6, nodes: 2 });
    expect(s.ratePerS).toBe(3);
    const link = await page.getByLabel('Link to this scenario').inputValue();
    expect(link.startsWith(home())).toBe(true);
    await page.goto('about:blank');
    const again = await open(page, link);
    expect(again.vitalSigns.concurrency).toEqual({ agents: 6, nodes: 2 });
    expect(again.ratePerS).toBe(3);
  });

  test('with a key that nobody knows is refused with its path, and the page starts with its own', async ({
    page,
  }) => {
    await page.goto(linkTo({ agents: { cuont: 5 } }));
    await expect(page.getByRole('alert')).toContainText('agents.cuont is not a known key');
    await until(page, 'its own scenario runs', (s) => s.progress.agentsWanted === 100);
  });

  test('with too many agents is refused by a sentence, and the running grove is untouched', async ({
    page,
  }) => {
    await open(page, linkTo(small));
    await page.getByLabel('Agents', { exact: true }).fill('5000');
    await page.getByRole('button', { name: 'Plant this grove' }).click();
    await expect(
      page.getByText('A live grove hosts up to 1,000 agents, and this scenario has 5,000.'),
    ).toBeVisible();
    const s = await until(page, 'it still runs', (now) => now.phase === 'running');
    expect(s.vitalSigns.concurrency.agents).toBe(8);
  });

  test('another number of agents takes the place of the first, over a pool', async ({ page }) => {
    await open(page, linkTo(small));
    await page.getByLabel('Agents', { exact: true }).fill('40');
    await page.getByLabel('a pool of').check();
    await page.getByLabel('Workers in the pool').fill('2');
    await page.getByRole('button', { name: 'Plant this grove' }).click();
    await until(
      page,
      '40 agents over 2 workers',
      (s) => s.vitalSigns.concurrency.agents === 40 && s.vitalSigns.concurrency.nodes === 2,
    );
  });

  test('runs through the door of the machine, and its report judges it; a second one is as sound', async ({
    page,
  }) => {
    await page.goto(`${home()}?perf`);
    await page.waitForFunction(() => 'treering' in window);
    const run = (scenario: unknown): Promise<Report> =>
      page.evaluate(
        (given) =>
          (window as unknown as { treering: { run(s: unknown): Promise<Report> } }).treering.run(given),
        scenario,
      );
    const report = await run({
      ...small,
      seed: 'door',
      durationS: 6,
      faults: { killEveryMs: 2000 },
      thresholds: [
        { sign: 'delivery.lost', is: '=', bar: 0 },
        { sign: 'derived.unrecovered', is: '=', bar: 0 },
        { sign: 'responseTime.samples', is: '<', bar: 1 },
      ],
    });
    expect(report).toMatchObject({ seed: 'door', world: 'live' });
    expect(report.recoveries.length).toBeGreaterThan(0);
    expect(report.vitalSigns.concurrency).toEqual({ agents: 8, nodes: 8 });
    expect(report.judgements.map((j) => j.pass)).toEqual([true, true, false]);
    expect(report.events.length).toBeGreaterThan(0);
    expect(report.vitalSigns.responseTime.samples).toBeGreaterThan(5);

    const second = await run({ ...small, resume: false, seed: 'twice', durationS: 3 });
    expect(second.seed).toBe('twice');
    for (const { vitalSigns, derived } of [report, second]) {
      const { delivery, responseTime, concurrency } = vitalSigns;
      expect(concurrency).toEqual({ agents: 8, nodes: 8 });
      expect(responseTime.samples).toBeGreaterThan(2);
      expect(delivery).toMatchObject({ inFlight: 0, lost: 0, duplicated: 0, misordered: 0 });
      expect(derived['failed']).toBe(0);
    }
  });

  test('that is wrong is refused by the door, with the path of the mistake', async ({ page }) => {
    await page.goto(`${home()}?perf`);
    await page.waitForFunction(() => 'treering' in window);
    const refusal = await page.evaluate(() =>
      (window as unknown as { treering: { run(s: unknown): Promise<unknown> } }).treering
        .run({ agents: { count: 'many' } })
        .then(
          () => 'accepted',
          (error: unknown) => String(error),
        ),
    );
    expect(refusal).toContain('agents.count must be a whole number');
  });
});
