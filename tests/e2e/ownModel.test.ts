import { expect, test, type Page } from '@playwright/test';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { everything, home, linkTo, small, snapshot, until } from './page.ts';

const KEY = 'sk-only-in-memory-4711';
const QUESTION = 'What did Lincoln say about giving freedom to the slave?';

/** What `npm run provider` runs. */
const command = fileURLToPath(new URL('../../.ci/provider.mjs', import.meta.url));
interface Running {
  readonly baseUrl: string;
  /** Ends it; resolves with what it had served. */
  stop(): Promise<{ readonly requests: number; readonly answered: number }>;
}

async function start(): Promise<Running> {
  const options = [
    '--profile',
    'openai-like',
    '--port',
    '0',
    '--seed',
    'e2e',
    '--key',
    KEY,
    '--model',
    'gpt-like',
  ];
  const child = spawn(process.execPath, [command, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (data: Buffer) => (said += data.toString()));
  const ended = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  const baseUrl = await new Promise<string>((resolve, reject) => {
    const look = (): void => {
      const found = /base URL\s+(\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', look);
    void ended.then(() => reject(new Error(`the provider ended: ${said}`)));
  });
  return {
    baseUrl,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      const [, requests, answered] = /(\d+) requests: (\d+) answered/.exec(said) ?? [];
      return { requests: Number(requests), answered: Number(answered) };
    },
  };
}

let provider: Running;
test.beforeEach(async () => {
  provider = await start();
});
test.afterEach(() => provider.stop());

/** Fills in the form. */
async function fill(
  page: Page,
  { url = provider.baseUrl, model = 'gpt-like', key = KEY } = {},
): Promise<void> {
  const panel = page.getByRole('region', { name: 'A model of your own' });
  await panel.getByLabel('an address').check();
  await panel.getByLabel('Base URL').fill(url);
  await panel.getByLabel('Model', { exact: true }).fill(model);
  await panel.getByLabel('API key').fill(key);
}

async function openSmall(page: Page): Promise<void> {
  await page.goto(linkTo({ ...small, load: { questionsPerS: 0 } }));
  await page.waitForFunction(() => 'treering' in window);
  await until(page, 'it is up', (s) => s.phase === 'running' && s.progress.agentsReady === 8, 120_000);
}

test.describe('a model of the visitor’s own', () => {
  test.setTimeout(180_000);

  test('answers in the grove, streamed and cited, and the key is found nowhere afterwards', async ({
    page,
  }) => {
    const heard: string[] = [];
    page.on('console', (message) => heard.push(message.text()));
    await openSmall(page);
    await fill(page);
    const panel = page.getByRole('region', { name: 'A model of your own' });
    await panel.getByRole('button', { name: 'Try it' }).click();
    await expect(panel.getByText(/the first token after/)).toBeVisible();
    await panel.getByRole('button', { name: 'Use it in the grove' }).click();
    await until(
      page,
      'it asks the real model',
      (s) => s.phase === 'running' && s.provider.profile === 'gpt-like',
      60_000,
    );
    await until(page, 'all are up', (s) => s.progress.agentsReady === 8);
    await page.getByLabel('Your question').fill(QUESTION);
    await page.getByLabel('Your question').press('Enter');
    const s = await until(page, 'it is answered', (now) =>
      now.interactions.some((i) => i.byVisitor && i.state === 'answered'),
    );
    const own = s.interactions.find((i) => i.byVisitor)!;
    expect(own.citations.length).toBeGreaterThan(0);
    const told = await until(page, 'its times are measured', (now) => now.provider.firstTokenMs.samples > 0);
    expect(told.provider.firstTokenMs.p50).toBeGreaterThan(0);
    expect(told.provider.limits.map((l) => l.name)).toContain('requests/min');

    await expect(panel.getByLabel('API key')).toHaveValue('');
    // The endpoint says it aloud in its refusal, and that is shown: without it.
    const report = await page.evaluate(() =>
      (window as unknown as { treering: { stop(): Promise<unknown> } }).treering
        .stop()
        .then((r) => JSON.stringify(r)),
    );
    expect(report).toContain(provider.baseUrl);
    const kept = await everything(page);
    expect(kept).toContain(provider.baseUrl);
    // What was asked is in crash memory, so that is really read.
    expect(kept).toContain('giving freedom');
    for (const text of [report, kept, heard.join('\n')]) expect(text).not.toContain(KEY);
    expect((await provider.stop()).answered).toBeGreaterThan(1);
    await page.reload();
    await expect(
      page.getByRole('region', { name: 'A model of your own' }).getByLabel('an address'),
    ).toBeVisible();
    expect(await everything(page)).not.toContain(KEY);
  });

  test('is refused with the remedy: a wrong key, an unknown model, a wrong address, a server that is not there', async ({
    page,
  }) => {
    await openSmall(page);
    const panel = page.getByRole('region', { name: 'A model of your own' });
    const said = async (given: Parameters<typeof fill>[1], words: RegExp): Promise<void> => {
      await fill(page, given);
      await panel.getByRole('button', { name: 'Try it' }).click();
      await expect(panel.getByText(words)).toBeVisible();
    };
    await said({ key: 'sk-wrong' }, /does not accept this API key/);
    await said({ model: 'another' }, /does not know the model "another"/);
    // This site itself is no model.
    await said({ url: `${home()}v1` }, /There is nothing at .* most end in \/v1/);
    await said({ url: 'localhost' }, /is no address that begins with/);
    await provider.stop();
    await said({}, /Nothing answers at .* Start the server/);

    // The same in the grove: the question ends with the sentence.
    await panel.getByRole('button', { name: 'Use it in the grove' }).click();
    await until(page, 'it runs', (s) => s.phase === 'running' && s.provider.profile === 'gpt-like');
    await until(page, 'all are up', (s) => s.progress.agentsReady === 8);
    await page.getByLabel('Your question').fill(QUESTION);
    await page.getByLabel('Your question').press('Enter');
    await expect(page.getByText(/Nothing answers at .* Start the server/).first()).toBeVisible({
      timeout: 30_000,
    });
    expect((await snapshot(page)).vitalSigns.delivery.lost).toBe(0);
  });

  test('that a link names is not asked before the visitor agrees', async ({ page }) => {
    await page.goto(
      linkTo({ ...small, provider: { source: 'url', baseUrl: provider.baseUrl, model: 'gpt-like' } }),
    );
    await expect(
      page.getByText(`This scenario sends its prompts to ${provider.baseUrl}. Agree to that first`).first(),
    ).toBeVisible();
    const panel = page.getByRole('region', { name: 'A model of your own' });
    await expect(panel.getByLabel('Base URL')).toHaveValue(provider.baseUrl);
    // Nothing was asked until then; the visitor's word lets it begin.
    const { baseUrl } = provider;
    expect((await provider.stop()).requests).toBe(0);
    await panel.getByRole('button', { name: 'Use it in the grove' }).click();
    await until(page, 'it runs', (s) => s.phase === 'running' && s.progress.agentsReady === 8);
    await expect(page.getByRole('contentinfo')).toContainText(baseUrl);
  });
});
