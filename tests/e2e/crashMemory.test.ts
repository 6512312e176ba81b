import { findChromium, chromiumFlags } from '../../.ci/chromium.mjs';
import { buildCrashPage } from '../../.ci/crash-memory.mjs';
import { serveStatic } from '../../.ci/static.mjs';
import { crashMarkdown, crashMemory } from '../perf/crashMemory.ts';
import { expect, linkTo, open, small, test, until } from './page.ts';

test.describe('crash memory', () => {
  test('after SIGKILLs, ended workers, wiped and damaged databases all that was acked is there', async () => {
    const server = await serveStatic(await buildCrashPage());
    try {
      const { pass, tallies } = await crashMemory({
        url: server.url,
        executablePath: findChromium()!,
        flags: chromiumFlags(),
        modes: ['strict'],
        ...{ kills: 2, wipes: 1, terminations: 2 },
        seed: 'e2e',
        log: () => undefined,
      });
      expect(pass, crashMarkdown(tallies)).toBe(true);
    } finally {
      await server.close();
    }
  });

  test('is saved to a file, and a grove goes on from it; a bad file is refused and changes nothing', async ({
    page,
  }) => {
    await open(page, linkTo(small));
    await until(page, 'memories are committed', (s) => (s.crashMemory?.records ?? 0) > 10_000);
    const panel = page.getByRole('region', { name: 'Crash memory' });
    await expect(panel).toContainText('complete');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      panel.getByRole('button', { name: 'Save to a file' }).click(),
    ]);
    const file = await download.path();
    await expect(panel.getByText(/^Saved /)).toBeVisible();
    const saved = await until(page, 'the saving has ended', (s) => s.crashMemory?.transfer === null);

    await panel
      .getByLabel('File with a saved crash memory')
      .setInputFiles({ name: 'bad.treering', mimeType: '', buffer: Buffer.from('TREERING, but no more') });
    await expect(panel.getByText(/^This file cannot be taken in: .* Nothing was changed\.$/)).toBeVisible();
    const after = await until(page, 'it runs on', (s) => s.phase === 'running');
    expect(after.crashMemory!.session).toBe(saved.crashMemory!.session);

    await page.getByRole('button', { name: 'Start afresh' }).click();
    await until(page, 'it began anew', (s) => s.phase === 'running' && s.resumed === null);
    await panel.getByLabel('File with a saved crash memory').setInputFiles(file);
    const back = await until(
      page,
      'it goes on from the file',
      (s) => s.phase === 'running' && s.resumed !== null && s.progress.agentsReady === 8,
    );
    expect(back.resumed!.memories).toBeGreaterThan(10_000);
    expect(back.vitalSigns.crash.lost).toBe(0);
  });
});
