import { ask, expect, linkTo, open, small, test, expectAccessible } from './page.ts';

test.describe('everybody can use the page', () => {
  test('axe finds no violation, and nothing sticks out, in light and dark, narrow and wide', async ({
    page,
  }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await open(page, linkTo(small));
    await ask(page, 'What did Lincoln say about giving freedom to the slave?');
    await expectAccessible(page, [], [360, 1280]);
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
