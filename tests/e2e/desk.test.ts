import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { runnerImport } from 'vite';
import type { CapacityReport } from '../../src/lab/capacityReport.ts';
import type * as Command from '../harness/deskCommand.ts';
import { expect, home, test, expectAccessible } from './page.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The command line's own module, loaded as it loads it. */
const { runStudy } = (
  await runnerImport<typeof Command>(`${root}tests/harness/deskCommand.ts`, {
    root,
    configFile: false,
    logLevel: 'error',
  })
).module;

/** 30 agents want half as much again as 20 requests a second would serve. */
const plan = {
  seed: 'e2e',
  profile: 'custom',
  limits: { requests: 240, inputTokens: 90_000_000, outputTokens: 9_000_000, concurrency: 1_000 },
  agents: 60,
  rampS: 5,
  tasksPerHour: 360,
  callsPerTask: 1,
  prompt: { median: 100, p95: 200 },
  output: { median: 40, p95: 80 },
  maxTokens: 128,
  slo: { taskMs: 3_000, callMs: 3_000 },
  deadlineMs: 20_000,
  durationS: 60,
  policies: ['desk', 'retries'],
  knee: 'first',
};

async function openDesk(page: Page, url: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(url);
  await expect(page.getByRole('heading', { name: 'The provider desk' })).toBeVisible();
}
const build = (page: Page): Promise<string> =>
  page.evaluate(() => (window as unknown as { treering: { version: string } }).treering.version);

test.describe('the provider desk', () => {
  test('a link runs the study, with the result that Node has; its verdict, table and reports say the same', async ({
    page,
  }) => {
    await openDesk(page, `${home()}?perf#desk`);
    await expect(page.getByText('No study has been run yet.')).toBeVisible();
    const node = await runStudy(plan, await build(page), home());
    await openDesk(page, node.link);
    const verdict = page.getByRole('region', { name: /60 agents: requests a minute break first/ });
    await expect(verdict).toBeVisible({ timeout: 60_000 });
    for (const line of node.lines) await expect(verdict).toContainText(line);
    expect(node.report.outcomes[0]).toMatchObject({ policy: 'desk', wire429: 0, agent429: 0 });
    expect(node.report.outcomes[1]!.wire429).toBeGreaterThan(20);
    const cell = (row: string, column: number) =>
      verdict
        .getByRole('row')
        .filter({ has: page.getByRole('rowheader', { name: row, exact: true }) })
        .getByRole('cell')
        .nth(column);
    await expect(cell('429s on the wire', 0)).toHaveText('0');
    await expect(cell('429s on the wire', 1)).toHaveText(String(node.report.outcomes[1]!.wire429));
    await expect(verdict.getByRole('figure').first()).toContainText('requests a minute');

    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Report (JSON)' }).click();
    const saved = JSON.parse(readFileSync(await (await download).path(), 'utf8')) as CapacityReport;
    expect(saved.hash).toBe(node.report.hash);
    expect(saved.outcomes).toEqual(JSON.parse(JSON.stringify(node.report.outcomes)));
    const markdown = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Report (Markdown)' }).click();
    expect(readFileSync(await (await markdown).path(), 'utf8')).toContain(node.lines[0]!);
    const link = await page.getByLabel('Link to this study').inputValue();
    expect(link.split('#')[1]).toBe(node.link.split('#')[1]);

    // Another policy first, and another number of agents.
    await page.getByRole('checkbox', { name: /Treering’s desk/ }).uncheck();
    await page.getByLabel('Search how many agents are borne').selectOption('none');
    await page.getByLabel('Agents', { exact: true }).fill('20');
    await expect(page.getByText('these are the figures of the study before')).toBeVisible();
    await page.getByRole('button', { name: 'Run the study' }).click();
    await expect(
      page.getByRole('heading', { name: /20 agents: no limit breaks the bar with naive retries/ }),
    ).toBeVisible({
      timeout: 60_000,
    });
    await expectAccessible(page);
  });

  test('bad input is told beside its field and nothing is lost; a long study is cancelled; damaged links are refused', async ({
    page,
  }) => {
    await page.goto(`${home()}?perf`);
    await page.getByRole('button', { name: 'Desk', exact: true }).click();
    const agents = page.getByLabel('Agents', { exact: true });
    await agents.fill('many');
    await page.getByLabel('Prompt, median').fill('9000');
    await page.getByLabel('Tasks of an agent').press('Enter');
    await expect(page.getByText('It must be a whole number from 1 to 100000; it is "many".')).toBeVisible();
    await expect(page.getByText('It must not be below the median, 9000; it is 4000.')).toHaveCount(0);
    await expect(agents).toBeFocused();
    await expect(page.getByLabel('Prompt, median')).toHaveValue('9000');
    await agents.fill('5000');
    await expect(page.getByText('It must not be below the median, 9000; it is 4000.')).toBeVisible();
    await page.getByLabel('Prompt, 95th percentile').fill('12000');
    await page.getByRole('button', { name: 'Run the study' }).click();
    await expect(page.getByRole('progressbar', { name: 'The study' })).toBeVisible();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect(page.getByText('Cancelled; nothing was kept.')).toBeVisible({ timeout: 30_000 });
    await expect(agents).toHaveValue('5000');

    // A pasted prompt is counted, and taken for the length of all.
    await page.getByLabel('Or paste a prompt of yours').fill('word '.repeat(200));
    await page.getByRole('button', { name: 'Add this example' }).click();
    await expect(page.getByText('Example 1: 254 tokens')).toBeVisible();
    // Leaving the desk and coming back loses nothing either.
    await page.getByRole('button', { name: 'Back to the grove' }).click();
    await expect(page.getByRole('heading', { name: 'The provider desk' })).toHaveCount(0);
    await page.getByRole('button', { name: 'Desk', exact: true }).click();
    await expect(agents).toHaveValue('5000');
    await expect(page.getByText('Example 1: 254 tokens')).toBeVisible();

    const { link } = await runStudy({ ...plan, agents: 1, knee: 'none' }, '0.0.1+other', home());
    await openDesk(page, link);
    await expect(page.getByRole('alert')).toContainText('This link was made by build 0.0.1+other');
    await expect(agents).toHaveValue('1');
    await openDesk(page, `${link}x`);
    await expect(page.getByRole('alert')).toContainText('The link is damaged');
  });
});
