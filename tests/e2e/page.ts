import AxeBuilder from '@axe-core/playwright';
import { expect, test as base, type Page } from '@playwright/test';
import type { GroveSnapshot } from '../../src/lab/grove.ts';

/** A small grove, for tests whose point is neither the number of agents nor how fast the machine is. */
export const small = {
  name: 'small',
  resume: true,
  agents: { count: 8, deadlineMs: 60_000, documents: 24 },
  load: { questionsPerS: 4 },
};

/** The built page, at the sub-path where it is served. */
export const home = (): string => process.env['TREERING_URL']!;

/** The address that starts this scenario. */
export const linkTo = (scenario: unknown): string =>
  `${home()}#scenario=${encodeURIComponent(JSON.stringify(scenario))}`;

/** What `window.treering.snapshot()` says now. */
export const snapshot = (page: Page): Promise<GroveSnapshot> =>
  page.evaluate(() =>
    (window as unknown as { treering: { snapshot(): Promise<GroveSnapshot> } }).treering.snapshot(),
  );

/** Waits until the snapshot is as wanted, and returns it. */
export async function until(
  page: Page,
  what: string,
  holds: (s: GroveSnapshot) => boolean,
  timeout = 60_000,
): Promise<GroveSnapshot> {
  let seen: GroveSnapshot | undefined;
  await expect
    .poll(
      async () => {
        seen = await snapshot(page);
        return holds(seen);
      },
      { message: what, timeout },
    )
    .toBe(true);
  return seen!;
}

/** Opens an address and waits until every agent is ready. */
export async function open(page: Page, url: string, timeout = 120_000): Promise<GroveSnapshot> {
  await page.goto(url);
  await page.waitForFunction(() => 'treering' in window);
  return until(
    page,
    'every agent is ready',
    (s) => {
      const { agentsReady, agentsWanted } = s.progress;
      return s.phase === 'running' && agentsWanted > 0 && agentsReady === agentsWanted;
    },
    timeout,
  );
}

/** Waits until the grove remembers the visitor's text of that name, with every agent at work. */
export async function untilPlanted(page: Page, name: string): Promise<GroveSnapshot> {
  await expect(page.getByText(`The grove now remembers ${name}.`)).toBeVisible();
  return until(
    page,
    `${name} is what it remembers`,
    (s) =>
      s.phase === 'running' && s.corpus.name === name && s.progress.agentsReady === s.progress.agentsWanted,
  );
}

/** Types a question and waits for its answer to be on screen; returns the answer's text. */
export async function ask(page: Page, question: string): Promise<string> {
  const box = page.getByLabel('Your question');
  await box.fill(question);
  await box.press('Enter');
  const shown = page.getByRole('article').filter({ hasText: 'You asked' }).filter({ hasText: question });
  await expect(shown.getByRole('heading', { name: 'It rests on these memories' })).toBeVisible();
  return (await shown.innerText()).trim();
}

/** Nothing lost, duplicated or misordered so far, and the books balance. */
export function expectCleanLedger({ vitalSigns: { delivery: d, crash } }: GroveSnapshot): void {
  expect({ lost: d.lost, duplicated: d.duplicated, misordered: d.misordered }).toEqual({
    lost: 0,
    duplicated: 0,
    misordered: 0,
  });
  expect(d.sent).toBeGreaterThan(0);
  expect(d.delivered + d.deadLettered + d.inFlight).toBe(d.sent);
  expect(crash.lost).toBe(0);
}

/** All that the page keeps or hands out, as one text. */
export function everything(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const door = (
      window as unknown as { treering: { snapshot(): Promise<unknown>; metrics(): Promise<string> } }
    ).treering;
    const parts: unknown[] = [location.href, document.documentElement.outerHTML];
    for (const input of document.querySelectorAll('input')) parts.push(input.value);
    parts.push(JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), document.cookie);
    parts.push(JSON.stringify(await door.snapshot()), await door.metrics());
    for (const { name } of await indexedDB.databases()) {
      const db = await new Promise<IDBDatabase>((resolve, reject) => {
        const open = indexedDB.open(name!);
        open.onsuccess = () => resolve(open.result);
        open.onerror = () => reject(new Error('a database cannot be opened'));
      });
      for (const store of db.objectStoreNames) {
        const all = await new Promise<unknown[]>((resolve) => {
          const get = db.transaction(store).objectStore(store).getAll();
          get.onsuccess = () => resolve(get.result as unknown[]);
        });
        const text = (value: unknown): string =>
          value instanceof ArrayBuffer || ArrayBuffer.isView(value)
            ? new TextDecoder('latin1').decode(value)
            : typeof value === 'object' && value !== null
              ? Object.values(value).map(text).join(' ')
              : String(value);
        parts.push(...all.map(text));
      }
      db.close();
    }
    for (const key of await caches.keys()) parts.push(key);
    const walk = async (folder: FileSystemDirectoryHandle): Promise<void> => {
      for await (const entry of folder.values()) {
        if (entry.kind === 'directory') await walk(entry);
        else
          try {
            parts.push(await (await entry.getFile()).text());
          } catch {
            // The mirror's writer holds it: it is looked at once the grove is stopped.
          }
      }
    };
    await walk(await navigator.storage.getDirectory());
    return parts.map(String).join('\n');
  });
}

/** A test whose page may neither throw, nor log an error, nor load anything from elsewhere but for origins in `elsewhere`. */
export const test = base.extend<{ elsewhere: Set<string> }>({
  elsewhere: [
    async ({ page }, use) => {
      const allowed = new Set<string>([new URL(home()).origin]);
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.stack ?? error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(message.text());
      });
      page.on('request', (request) => {
        const { protocol, origin } = new URL(request.url());
        if (protocol.startsWith('http') && !allowed.has(origin)) faults.push(request.url());
      });
      await use(allowed);
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],
});
/**
 * Nobody is kept out of what the page shows now: axe finds nothing and nothing sticks out, in light and dark, at these
 * widths. @param parts selectors of what is looked at; all of the page without any
 */
export async function expectAccessible(
  page: Page,
  parts: readonly string[] = [],
  widths: readonly number[] = [390, 1280],
): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of widths)
      await test.step(`axe: ${colorScheme}, ${width} px`, async () => {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height: 900 });
        // Colours fade over; axe would judge a moment in between.
        await page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished)));
        const axe = new AxeBuilder({ page });
        for (const part of parts) axe.include(part);
        const { violations } = await axe.analyze();
        expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' | ')}`)).toEqual([]);
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect(overflow).toBeLessThanOrEqual(0);
      });
}
export { expect };
