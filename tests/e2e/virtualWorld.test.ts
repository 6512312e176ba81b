import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import type { Treering } from '../../src/lab/door.ts';
import type { TimeView } from '../../src/lab/virtual.ts';
import { runnerImport } from 'vite';
import type * as Command from '../harness/virtualCommand.ts';
import { expect, home, snapshot, test, expectAccessible } from './page.ts';

type VirtualCommand = Command.VirtualCommand;
const root = fileURLToPath(new URL('../..', import.meta.url));
/** The command line's own module, loaded as it loads it. */
const { linkTo, runOnce, scriptOf } = (
  await runnerImport<typeof Command>(`${root}tests/harness/virtualCommand.ts`, {
    root,
    configFile: false,
    logLevel: 'error',
  })
).module;

const scenario = {
  name: 'small',
  seed: 'e2e',
  durationS: 6,
  agents: { count: 8, pool: 4 },
  load: { questionsPerS: 4 },
  faults: { killEveryMs: 2_500, lossMax: 0.1 },
};
const TICKS_PER_MS = 1_024;

/** The addresses as the site that is served has them, read by Node. */
function servedText(): NonNullable<VirtualCommand['documents']> {
  const folder = new URL('../../dist/corpus/sotu/', import.meta.url);
  const index = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8'));
  const all = readFileSync(new URL(index.file, folder));
  return index.documents.map((d: { offset: number; bytes: number }) =>
    JSON.parse(gunzipSync(all.subarray(d.offset, d.offset + d.bytes)).toString()),
  );
}

const command = (text: 'built-in' | 'made'): VirtualCommand => ({
  scenario,
  seed: null,
  documents: text === 'built-in' ? servedText() : null,
  sabotage: null,
});

type Door = Window & { treering: Treering };
const time = (page: Page): Promise<TimeView> =>
  page.evaluate(() => (window as unknown as Door).treering.virtual.time());

async function stands(page: Page, atMs: number): Promise<void> {
  await expect.poll(async () => (await time(page)).mode, { timeout: 60_000 }).toBe('paused');
  expect((await time(page)).nowMs).toBe(atMs);
}

async function openLink(page: Page, link: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(link);
  await page.waitForFunction(() => 'treering' in window);
}

/** The build of the page, which a link must name. */
async function buildOf(page: Page): Promise<string> {
  await openLink(page, `${home()}?perf`);
  return page.evaluate(() => (window as unknown as Door).treering.version);
}

test.describe('the virtual world', () => {
  test('has in this browser the hash that it has in Node, with the built-in text', async ({ page }) => {
    const inNode = await runOnce(command('built-in'));
    await buildOf(page);
    const report = await page.evaluate(
      (s) => (window as unknown as Door).treering.run(s, { world: 'virtual' }),
      scenario,
    );
    expect(report).toMatchObject({ world: 'virtual', seed: 'e2e', durationMs: inNode.simulatedMs });
    const { hash, events } = inNode;
    expect(report.virtual).toMatchObject({ hash, events, ended: true, findings: [] });
    expect(report.recoveries.length).toBeGreaterThan(0);
    expect((await snapshot(page)).corpus.documents).toBeGreaterThan(200);
    await expect(page.getByRole('radio', { name: 'virtual' })).toBeChecked();
  });

  test('is stepped, jumped in and played with the keyboard, and what is broken becomes part of its link', async ({
    page,
  }) => {
    const undisturbed = (await runOnce(command('made'))).hash;
    const build = await buildOf(page);
    await openLink(page, linkTo(scriptOf(command('made')), build, 1_000 * TICKS_PER_MS, home()));
    const panel = page.getByRole('region', { name: 'small, in virtual time' });
    await expect(panel.getByText('Time stands at 1.000 s')).toBeVisible();
    await page.keyboard.press('.');
    await expect.poll(async () => (await time(page)).nowMs).toBe(1_100);
    await expect(panel.getByText('Time stands at 1.100 s')).toBeVisible();
    const slider = panel.getByRole('slider', { name: 'Moment of the run' });
    await slider.focus();
    await page.keyboard.press('ArrowRight');
    await expect(panel.getByText('Time stands at 1.200 s')).toBeVisible();
    await panel.getByLabel('Go to a moment').fill('tick 1536000');
    await page.keyboard.press('Enter');
    await expect(panel.getByText('Time stands at 1.500 s')).toBeVisible();
    await page.getByLabel('Node', { exact: true }).selectOption('2');
    await page.getByRole('button', { name: 'Kill', exact: true }).click();
    await expect(panel.getByText('at 1.500 s: kill node 2')).toBeVisible();
    await panel.getByLabel('Speed').selectOption({ label: 'as fast as it goes' });
    await page.getByRole('main').focus();
    await page.keyboard.press('Space');
    await expect(panel.getByText('The run ended after')).toBeVisible({ timeout: 60_000 });
    await expect(page.getByText(/Node 2 was killed/).first()).toBeVisible();
    const { hash, tick } = await time(page);
    expect(hash).not.toBe(undisturbed);

    // Whoever opens the link sees the same, at the same tick.
    const link = await panel.getByLabel('Link to this very moment of this run').inputValue();
    await openLink(page, link);
    await expect.poll(async () => (await time(page)).ended, { timeout: 60_000 }).toBe(true);
    expect(await time(page)).toMatchObject({ hash, tick });
    // Taken out again, it is the run as it was.
    await panel.getByRole('button', { name: 'Take out: at 1.500 s, kill node 2' }).click();
    await expect.poll(async () => (await time(page)).script?.inputs).toEqual([]);
    await page.evaluate(() => (window as unknown as Door).treering.virtual.seek(Infinity));
    expect((await time(page)).hash).toBe(undisturbed);
  });

  test('a link of another build is refused until the visitor wants another run; a damaged one says so', async ({
    page,
  }) => {
    const script = scriptOf(command('made'));
    const build = await buildOf(page);
    await openLink(page, linkTo(script, '0.0.1+other', 2_000 * TICKS_PER_MS, home()));
    await expect(page.getByRole('alert')).toContainText(
      `This link was made by build 0.0.1+other, and this page is build ${build}.`,
    );
    expect((await time(page)).mode).toBe('empty');
    await page.getByRole('button', { name: 'Run it with this build' }).click();
    await expect(page.getByText('Time stands at 2.000 s')).toBeVisible({ timeout: 60_000 });

    await openLink(page, linkTo(script, build, null, home()).slice(0, -9));
    await expect(page.getByRole('alert')).toContainText('The link is damaged');
  });

  test('a violation is told with its tick, and a long jump shows its progress and can be given up', async ({
    page,
  }) => {
    const givenUp: VirtualCommand = {
      ...command('made'),
      scenario: { ...scenario, durationS: 600, faults: { killEveryMs: 300 }, fleet: { restartsPerMin: 1 } },
    };
    await openLink(page, linkTo(scriptOf(givenUp), await buildOf(page), 0, home()));
    await expect(page.getByText('Time stands at 0.000 s')).toBeVisible();
    await page.getByRole('button', { name: 'To the end' }).click();
    const progress = page.getByRole('progressbar', { name: /The way to the moment/ });
    await expect(progress).toBeVisible();
    await expect.poll(async () => (await time(page)).findings.length, { timeout: 60_000 }).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect(progress).toHaveCount(0);
    const stopped = await time(page);
    expect(stopped).toMatchObject({ mode: 'paused', ended: false });
    const found = page.getByRole('alert').filter({ hasText: 'Found in this run' });
    await expect(found).toContainText('messages among the dead letters');
    await found.getByRole('button', { name: 'Go there' }).first().click();
    await expect(found).toHaveCount(0, { timeout: 60_000 });
    await stands(page, stopped.findings[0]!.clearTick / TICKS_PER_MS);
  });

  test('stands still while the live world is shown, and the live one while it is; both are for everybody', async ({
    page,
  }) => {
    await openLink(
      page,
      `${home()}#scenario=${encodeURIComponent(JSON.stringify({ agents: { count: 4, documents: 24 } }))}`,
    );
    await expect.poll(async () => (await snapshot(page)).phase, { timeout: 30_000 }).toBe('running');
    await page.getByText('virtual', { exact: true }).click();
    await expect(page.getByText('The virtual world runs the same agents')).toBeVisible();
    await page.getByLabel('Text').selectOption('made');
    await page.getByLabel('Seed').fill('mine');
    await page.getByRole('button', { name: 'Begin this run' }).click();
    await expect.poll(async () => (await time(page)).mode, { timeout: 60_000 }).toBe('playing');
    await expectAccessible(page);
    await page.getByText('live', { exact: true }).click();
    await expect.poll(async () => (await snapshot(page)).phase, { timeout: 30_000 }).toBe('running');
    const { nowMs, script, mode } = await time(page);
    expect({ seed: script!.scenario.seed, mode }).toEqual({ seed: 'mine', mode: 'paused' });
    await page.getByText('virtual', { exact: true }).click();
    await stands(page, nowMs);
  });
});
