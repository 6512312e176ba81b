import { ask, expect, expectCleanLedger, linkTo, open, small, test, until, untilPlanted } from './page.ts';

test.describe('the visitor comes back', () => {
  // One visit: a grove's start costs both cores seconds.
  test('after a reload and after a stop it goes on with what it remembered, and starts afresh when told', async ({
    page,
  }) => {
    await open(page, linkTo(small));
    await ask(page, 'What did Lincoln say about giving freedom to the slave?');
    const before = await until(page, 'writes were acked', (s) => s.vitalSigns.crash.ackedWrites > 0);
    await page.reload();
    await page.waitForFunction(() => 'treering' in window);
    const after = await until(page, 'it resumed', (s) => s.phase === 'running' && s.resumed !== null);
    expect(after.resumed!.memories).toBeGreaterThan(0);
    const grown = await until(
      page,
      'all memories are there',
      (s) => s.progress.agentsReady === 8 && s.progress.memories >= before.progress.memories,
    );
    expect(grown.vitalSigns.crash.lost).toBe(0);
    await expect(page.getByText(/resumed with [\d,]+ memor/).first()).toBeVisible();
    await ask(page, 'What was said of the surplus in the treasury?');

    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    const stopped = await until(page, 'it is stopped', (s) => s.phase === 'stopped');
    expect(stopped.nodes.filter((n) => n.state === 'up')).toEqual([]);
    const strip = page.getByRole('region', { name: 'Vital signs' });
    const agents = strip.getByRole('listitem').filter({ hasText: 'Concurrent agents' });
    await expect(agents.getByText('stopped')).toBeVisible();

    await page.getByRole('button', { name: 'Start', exact: true }).click();
    const again = await until(
      page,
      'it goes on',
      (s) =>
        s.phase === 'running' &&
        s.resumed !== null &&
        s.progress.agentsReady === 8 &&
        s.vitalSigns.responseTime.samples > 3,
    );
    expect(again.resumed!.memories).toBeGreaterThan(0);
    expectCleanLedger(again);

    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await until(page, 'it is stopped again', (s) => s.phase === 'stopped');
    await page.getByRole('button', { name: 'Start afresh' }).click();
    const fresh = await until(
      page,
      'it begins anew',
      (s) => s.phase === 'running' && s.progress.agentsReady === 8 && s.vitalSigns.responseTime.samples > 3,
    );
    expect(fresh.resumed).toBeNull();
    expectCleanLedger(fresh);
  });

  test('own text is still there after a reload, and gone after starting afresh', async ({ page }) => {
    await open(page, linkTo(small));
    await page
      .getByLabel('Text to plant')
      .fill(
        'The lighthouse keeper of Skerrymoor counted ninety-one herons.\n\n'.concat(
          'Rain fell.\n\n'.repeat(20),
        ),
      );
    await page.getByRole('button', { name: 'Plant this text' }).click();
    const planted = await untilPlanted(page, 'pasted.txt');
    await page.reload();
    await page.waitForFunction(() => 'treering' in window);
    const back = await until(
      page,
      'it resumed',
      (s) => s.phase === 'running' && s.resumed !== null && s.progress.agentsReady === 8,
    );
    expect(back.corpus.name).toBe(planted.corpus.name);
    expect(await ask(page, 'How many herons did the lighthouse keeper count?')).toContain('ninety-one');

    // A scenario that would forget it asks first.
    await page.getByRole('button', { name: 'killings' }).click();
    const asked = page.getByRole('alertdialog');
    await expect(asked).toContainText('The grove remembers your text pasted.txt; this scenario forgets it.');
    await asked.getByRole('button', { name: 'Keep' }).click();
    await expect(asked).toHaveCount(0);
    const kept = await until(page, 'it runs as before', (s) => s.phase === 'running');
    expect(kept.corpus).toEqual(planted.corpus);
    expect(kept.progress.agentsWanted).toBe(8);

    await page.getByRole('button', { name: 'Start afresh' }).click();
    const fresh = await until(
      page,
      'the addresses are back',
      (s) =>
        s.phase === 'running' &&
        s.corpus.documents === small.agents.documents &&
        s.progress.agentsReady === 8,
    );
    expect(fresh.resumed).toBeNull();
  });
});
