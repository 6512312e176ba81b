import AxeBuilder from '@axe-core/playwright';
import { ask, expect, linkTo, open, small, test } from './page.ts';

test.describe('everybody can use the page', () => {
  test('axe finds no violation, and nothing sticks out, in light and dark, narrow and wide', async ({
    page,
  }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await open(page, linkTo(small));
    await ask(page, 'What did Lincoln say about giving freedom to the slave?');
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [360, 1280])
        await test.step(`${colorScheme}, ${width} px`, async () => {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          await page.setViewportSize({ width, height: 900 });
          // Colours fade over; axe would judge a moment in between.
          await page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished)));
          const { violations } = await new AxeBuilder({ page }).analyze();
          expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' | ')}`)).toEqual([]);
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          expect(overflow).toBeLessThanOrEqual(0);
        });
  });

  test('the keyboard alone asks a question, and kills a node', async ({ page }) => {
    await open(page, linkTo(small));
    await page.getByLabel('Your question').focus();
    await page.keyboard.type('What was said about the Erie canal?');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { name: 'It rests on these memories' })).toBeVisible();
    await page.getByLabel('Node', { exact: true }).focus();
    await page.keyboard.press('ArrowDown');
    const kill = page.getByRole('button', { name: 'Kill', exact: true });
    await expect(kill).toBeEnabled();
    await kill.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByText(/Node \d+ was killed/).first()).toBeVisible();
  });
});
