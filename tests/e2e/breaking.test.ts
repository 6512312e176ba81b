import { expect, expectCleanLedger, linkTo, open, small, snapshot, test, until } from './page.ts';

test.describe('a visitor breaks something', () => {
  test('kills a node: the story tells it, the node is back, each time, and nothing was lost', async ({
    page,
  }) => {
    await open(page, linkTo(small));
    await until(page, 'questions flow', (s) => s.vitalSigns.responseTime.samples >= 3);
    await page.getByLabel('Node', { exact: true }).selectOption('3');
    await page.getByRole('button', { name: 'Kill', exact: true }).click();

    const s = await until(page, 'node 3 recovered', (now) => now.recoveries.some((r) => r.node === 3));
    expect(s.nodes.find((n) => n.id === 3)).toMatchObject({ incarnation: 2 });
    expect(s.recoveries.find((r) => r.node === 3)).toMatchObject({ messagesLost: 0, memoriesLost: 0 });
    const told = s.story.filter((l) => l.text.includes('3') && (l.kind === 'fault' || l.kind === 'recovery'));
    expect(told.map((l) => l.kind)).toEqual(expect.arrayContaining(['fault', 'recovery']));
    const story = page.getByRole('region', { name: 'The story so far' });
    await expect(story).toContainText(told.find((l) => l.kind === 'recovery')!.text);

    const answered = s.vitalSigns.responseTime.samples;
    const later = await until(
      page,
      'questions flow again',
      (now) => now.vitalSigns.responseTime.samples > answered + 5,
    );
    expectCleanLedger(later);

    await page.getByLabel('Node', { exact: true }).selectOption('2');
    for (let kills = 1; kills <= 3; kills++) {
      await page.getByRole('button', { name: 'Kill', exact: true }).click();
      await until(
        page,
        `recovery ${kills}`,
        (now) =>
          now.recoveries.filter((r) => r.node === 2).length === kills &&
          now.nodes.find((n) => n.id === 2)?.state === 'up',
      );
    }
    const { samples } = (await snapshot(page)).vitalSigns.responseTime;
    expectCleanLedger(
      await until(page, 'answers', (now) => now.vitalSigns.responseTime.samples > samples + 5),
    );
  });

  test('disturbs a link and troubles the provider: both are told, and nothing is lost', async ({ page }) => {
    await open(page, linkTo(small));
    const before = (await until(page, 'a story', (s) => s.story.length > 0)).story.filter(
      (l) => l.kind === 'fault',
    ).length;
    const link = page.locator('form').filter({ hasText: 'Disturb this link' });
    await link.getByLabel(/^from/).selectOption('1');
    await link.getByLabel(/^to/).selectOption('2');
    await link.getByLabel('lost, %').fill('50');
    await link.getByLabel('delay, ms').fill('100');
    await link.getByLabel('delay, ms').press('Enter');
    await expect(page.getByText(/For 10 s the link from node 1 to node 2 loses 50 %/).first()).toBeVisible();
    await page.getByLabel('failing, %').fill('30');
    await page.getByLabel('failing, %').press('Enter');
    await expect(
      page.getByText(/For 10 s the provider takes 4 times as long and fails 30 %/).first(),
    ).toBeVisible();
    await until(page, 'both are in the story', (s) => {
      return s.story.filter((l) => l.kind === 'fault').length >= before + 2;
    });
    const during = (await until(page, 'answers', (s) => s.vitalSigns.responseTime.samples > 0)).vitalSigns;
    const s = await until(
      page,
      'answers after both ended',
      (now) => now.atMs > 15_000 && now.vitalSigns.responseTime.samples > during.responseTime.samples + 20,
    );
    expectCleanLedger(s);
    expect(s.vitalSigns.rateLimit.agent429).toBe(0);
  });

  test('disturbs the link from the gate as the form suggests: questions still come back, nothing is lost', async ({
    page,
  }) => {
    await open(page, linkTo(small));
    await page.getByRole('button', { name: 'Disturb this link' }).click();
    await expect(
      page.getByText(/For 10 s the link from the gate to node 1 loses 20 %/).first(),
    ).toBeVisible();
    const told = await until(page, 'it is told', (s) => s.story.some((l) => l.kind === 'fault'));
    const s = await until(
      page,
      'answers after it ended, and no question under way for long',
      (now) =>
        now.atMs > told.atMs + 11_000 &&
        now.vitalSigns.responseTime.samples > told.vitalSigns.responseTime.samples + 30 &&
        now.vitalSigns.delivery.overdue === 0,
    );
    expectCleanLedger(s);
    expect(s.questions.failed).toBe(0);
  });

  test('pauses the whole grove, and lets it go on', async ({ page }) => {
    await open(page, linkTo(small));
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await until(page, 'it is paused', (s) => s.phase === 'paused');
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    const s = await until(page, 'it runs', (now) => now.phase === 'running');
    await until(
      page,
      'answers',
      (now) => now.vitalSigns.responseTime.samples > s.vitalSigns.responseTime.samples,
    );
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await until(page, 'it is stopped', (now) => now.phase === 'stopped');
  });
});
