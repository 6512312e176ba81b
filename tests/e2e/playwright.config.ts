import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';
import { chromiumFlags, findChromium } from '../../.ci/chromium.mjs';

const scratch = fileURLToPath(new URL('../../node_modules/.cache/treering/', import.meta.url));
const executablePath = findChromium();

export default defineConfig({
  testDir: '.',
  outputDir: join(scratch, 'e2e'),
  globalSetup: './serve.ts',
  // A grove takes every core there is: two at a time would measure each other.
  workers: 1,
  timeout: 200_000,
  expect: { timeout: 40_000 },
  reporter: [['list'], ['json', { outputFile: join(scratch, 'results', 'e2e.json') }]],
  use: {
    browserName: 'chromium',
    headless: true,
    launchOptions: { args: chromiumFlags(), ...(executablePath === null ? {} : { executablePath }) },
    viewport: { width: 1280, height: 900 },
  },
});
