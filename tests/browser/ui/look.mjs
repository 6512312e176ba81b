// Opens the fixture page in a real Chromium at several widths and in both themes, fails on any axe violation, and with
// a directory as its argument leaves screenshots there: `node tests/browser/ui/look.mjs [DIRECTORY]`.
import { existsSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from '@playwright/test';
import { createServer } from 'vite';

const directory = process.argv[2];
const server = await createServer({ server: { port: 0, hmr: false }, logLevel: 'error' });
await server.listen();
const origin = server.resolvedUrls.local[0];
const system = '/usr/bin/chromium';
const browser = await chromium.launch({
  ...(existsSync(system) ? { executablePath: system } : {}),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
});
let violations = 0;
for (const colorScheme of ['light', 'dark'])
  for (const [width, query] of [
    [360, ''],
    [800, '?agents=1000&pool=4'],
    [1280, ''],
    [1440, ''],
  ]) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    page.on('pageerror', (error) => console.log(`page error at ${width} px: ${error.message}`));
    page.on('console', (m) => m.type() === 'error' && console.log(`console at ${width} px: ${m.text()}`));
    await page.goto(`${origin}tests/browser/ui/fixture.html${query}`);
    await page.locator('[data-sign="responseTime"].met').waitFor({ timeout: 60_000 });
    await page.getByLabel('Node', { exact: true }).selectOption('3');
    await page.getByLabel('Your question').fill('What was said about a canal?');
    await page.getByLabel('Your question').press('Enter');
    await page.getByText('In giving freedom').first().waitFor();
    if (directory) await page.waitForTimeout(3_000);
    // What is seen without scrolling, and then the whole page.
    if (directory) await page.screenshot({ path: `${directory}/${colorScheme}-${width}-first.png` });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (overflow > 0) {
      violations++;
      console.log(`${colorScheme} ${width} px: the page is ${overflow} px too wide`);
    }
    if (directory)
      await page.screenshot({ path: `${directory}/${colorScheme}-${width}.png`, fullPage: true });
    const found = await new AxeBuilder({ page }).analyze();
    for (const v of found.violations) {
      violations++;
      console.log(`${colorScheme} ${width} px: ${v.id}: ${v.help}`);
      for (const n of v.nodes.slice(0, 4))
        console.log(`  ${n.target.join(' ')}: ${n.any[0]?.message ?? n.html}`);
    }
    console.log(`${colorScheme} ${width} px: ${found.passes.length} rules passed`);
    await context.close();
  }
await browser.close();
await server.close();
console.log(violations === 0 ? 'No violation.' : `${violations} violations.`);
process.exit(violations === 0 ? 0 : 1);
