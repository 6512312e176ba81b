import type { Page } from '@playwright/test';
import { findChromium, chromiumFlags } from '../../.ci/chromium.mjs';
import { buildCrashPage } from '../../.ci/crash-memory.mjs';
import { serveStatic } from '../../.ci/static.mjs';
import { crashMarkdown, crashMemory } from '../perf/crashMemory.ts';
import { groveKills, groveMarkdown } from '../perf/groveKills.ts';
import {
  expect,
  expectAccessible,
  expectCleanLedger,
  home,
  linkTo,
  open,
  small,
  test,
  until,
} from './page.ts';

/** These tests wait for what takes its time on purpose: retries once a second, agents that save what they were planted with. */
const LONG_MS = 90_000;

/** Where it tells of crash memory. */
const PANEL = 'section[aria-labelledby="crash-title"]';

/** Opens a small grove and waits until what its agents were planted with is committed; returns how many memories that is. */
async function openSaved(page: Page): Promise<number> {
  const planted = (await open(page, linkTo(small), LONG_MS)).progress.memories;
  expect(planted).toBeGreaterThan(300);
  await until(page, 'memories are committed', (s) => s.vitalSigns.crash.ackedWrites >= planted, LONG_MS);
  return planted;
}

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

  for (const [answer, shown] of [
    [true, 'yes, it promised not to clear this by itself'],
    [false, 'not promised: short of room, it may clear this'],
  ] as const)
    test(`the browser is asked not to clear it, and that it said ${answer ? 'yes' : 'no'} is shown`, async ({
      page,
    }) => {
      await page.addInitScript((says) => {
        const asked = { times: 0 };
        Object.assign(window, { asked });
        navigator.storage.persist = () => {
          asked.times++;
          return Promise.resolve(says);
        };
      }, answer);
      await open(page, linkTo(small));
      await expect(page.getByRole('region', { name: 'Crash memory' })).toContainText(shown);
      expect(await page.evaluate(() => (window as unknown as { asked: { times: number } }).asked.times)).toBe(
        1,
      );
    });

  test('is saved to a file, and a grove goes on from it; a bad file is refused and changes nothing', async ({
    page,
  }) => {
    const planted = await openSaved(page);
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

    // Another page, whose own grove is over fewer documents: it has forgotten the first, and takes it in as it was.
    await page.goto('about:blank');
    const other = { ...small, agents: { ...small.agents, documents: 12 } };
    expect((await open(page, linkTo(other))).resumed).toBeNull();
    await panel.getByLabel('File with a saved crash memory').setInputFiles(file);
    const back = await until(
      page,
      'it goes on from the file',
      (s) => s.phase === 'running' && s.resumed !== null && s.progress.agentsReady === 8,
    );
    expect(back.resumed!.memories).toBeGreaterThanOrEqual(planted);
    expect(back.corpus.documents).toBe(small.agents.documents);
    expect(back.vitalSigns.crash.lost).toBe(0);
  });

  test('a page with its agents killed with SIGKILL has all they acknowledged when it is opened again', async () => {
    test.setTimeout(450_000);
    const tally = await groveKills({
      url: home(),
      executablePath: findChromium()!,
      flags: chromiumFlags(),
      ...{ kills: 1, agents: 8, documents: small.agents.documents, seed: 'e2e' },
      log: () => undefined,
    });
    expect(tally.pass, groveMarkdown(tally)).toBe(true);
  });

  test('without room it says so, acknowledges nothing, loses nothing, and goes on when there is room', async ({
    page,
    context,
  }) => {
    test.setTimeout(240_000);
    await openSaved(page);
    const cdp = await context.newCDPSession(page);
    const { origin } = new URL(home());
    const { usage } = await cdp.send('Storage.getUsageAndQuota', { origin });
    await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + 20_000 });
    const banner = page.getByRole('alert').filter({ hasText: 'no more room' });
    const full = await until(page, 'it is full', (s) => typeof s.crashMemory?.noRoom === 'string', LONG_MS);
    await expect(banner).toContainText('nothing is lost');
    const panel = page.getByRole('region', { name: 'Crash memory' });
    await expect(panel.getByText('full')).toBeVisible();
    await expectAccessible(page, [PANEL, '[role="alert"]']);
    // Writes pile up, and none of them is committed.
    const later = await until(
      page,
      'more writes wait',
      (s) => (s.crashMemory?.waitingBytes ?? 0) > full.crashMemory!.waitingBytes,
      LONG_MS,
    );
    expect(later.crashMemory!.commits).toBe(full.crashMemory!.commits);
    await cdp.send('Storage.overrideQuotaForOrigin', { origin });
    const after = await until(
      page,
      'it goes on',
      (s) => s.crashMemory?.noRoom === null && s.crashMemory.commits > later.crashMemory!.commits,
    );
    await expect(banner).toHaveCount(0);
    await expect(page.getByText('There is room again: crash memory goes on.').first()).toBeVisible();
    expectCleanLedger(after);
    await page.reload();
    await page.waitForFunction(() => 'treering' in window);
    const back = await until(
      page,
      'it resumed',
      (s) => s.progress.agentsReady === 8 && s.resumed !== null,
      LONG_MS,
    );
    expect(back.progress.memories).toBeGreaterThanOrEqual(after.vitalSigns.crash.ackedWrites);
    expect(back.vitalSigns.crash.lost).toBe(0);
  });

  test('where no mirror can be had it says so; damage without a copy costs what was damaged', async ({
    page,
    context,
  }) => {
    test.setTimeout(240_000);
    // Another tab has the mirror's files, as if there were none to be had.
    const other = await context.newPage();
    await other.goto(`${home()}favicon.svg`);
    await other.evaluate(async () => {
      const code = `const root = await navigator.storage.getDirectory();
        const folder = await root.getDirectoryHandle('treering-mirror', { create: true });
        for (const side of ['a', 'b'])
          await (await folder.getFileHandle('treering.' + side, { create: true })).createSyncAccessHandle();
        postMessage('held');`;
      const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })), {
        type: 'module',
      });
      await new Promise((resolve) => (worker.onmessage = resolve));
    });
    await openSaved(page);
    const panel = page.getByRole('region', { name: 'Crash memory' });
    await expect(panel.getByText('no mirror')).toBeVisible();
    await expect(page.getByText(/Crash memory has no mirror: /).first()).toBeVisible();
    await page.goto(`${home()}favicon.svg`);
    await other.close();
    const hurt = await page.evaluate(async () => {
      const opening = indexedDB.open('treering');
      const db = await new Promise<IDBDatabase>((resolve) => {
        opening.onsuccess = () => resolve(opening.result);
      });
      const packs = db.transaction('packs', 'readwrite').objectStore('packs');
      const cursor = packs.openCursor();
      const n = await new Promise<number>((resolve) => {
        let turned = 0;
        cursor.onsuccess = () => {
          const at = cursor.result;
          if (!at) {
            resolve(turned);
            return;
          }
          // Every third segment, so that logs are hurt in the middle.
          if (Number(at.key) % 3 === 2) {
            const bytes = at.value as Uint8Array;
            bytes[bytes.length - 3]! ^= 64;
            at.update(bytes);
            turned++;
          }
          at.continue();
        };
      });
      db.close();
      return n;
    });
    expect(hurt).toBeGreaterThan(0);
    await open(page, linkTo(small), LONG_MS);
    const back = await until(
      page,
      'it resumed',
      (s) => s.resumed !== null && s.progress.agentsReady === 8,
      LONG_MS,
    );
    expect(back.crashMemory!.setAside).toBe(hurt);
    await expect(panel.getByText(`${hurt} set aside`)).toBeVisible();
    await expect(page.getByText(/A damaged segment took a part of/).first()).toBeVisible();
    await expectAccessible(page, [PANEL]);
    expectCleanLedger(
      await until(page, 'questions are answered', (s) => s.vitalSigns.delivery.delivered > 50, LONG_MS),
    );
    // It was told once and mended: the next opening finds whole logs.
    await page.reload();
    await page.waitForFunction(() => 'treering' in window);
    const again = await until(
      page,
      'it resumed again',
      (s) => s.resumed !== null && s.progress.agentsReady === 8,
      LONG_MS,
    );
    expect(again.crashMemory!.damaged).toEqual([]);
    await expect(page.getByText(/A damaged segment took a part of/)).toHaveCount(0);
  });
});
