import { readFileSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { TestProjectConfiguration } from 'vitest/config';
import { defineConfig } from 'vitest/config';
import { chromiumFlags, findChromium } from './.ci/chromium.mjs';

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Node tests of one folder. */
const inNode = (name: string): TestProjectConfiguration => ({
  extends: true,
  test: {
    name,
    include: [`tests/${name}/**/*.test.ts`],
    environment: 'node',
    testTimeout: 60_000,
    setupFiles: ['tests/harness/properties.ts'],
  },
});

/** Tests that run as a page in a real Chromium. */
async function inBrowser(): Promise<TestProjectConfiguration> {
  const { playwright } = await import('@vitest/browser-playwright');
  const executablePath = findChromium();
  return {
    extends: true,
    test: {
      name: 'browser',
      include: ['tests/browser/**/*.test.ts'],
      globalSetup: ['tests/harness/nodeHashes.ts'],
      testTimeout: 60_000,
      fileParallelism: false,
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({
          launchOptions: { args: chromiumFlags(), ...(executablePath === null ? {} : { executablePath }) },
        }),
        instances: [{ browser: 'chromium' }],
      },
    },
  };
}

export default defineConfig(async () => ({
  base: './',
  plugins: [svelte({ configFile: false })],
  worker: { format: 'es' as const },
  define: { 'import.meta.env.TREERING_BUILD': JSON.stringify(process.env.TREERING_BUILD ?? version) },
  build: { target: 'es2023', assetsInlineLimit: 0 },
  // Vitest sets VITEST; a build has no use for the test projects and the browser behind them.
  ...(process.env.VITEST === undefined
    ? {}
    : {
        test: {
          // By itself it leaves one core free, which is half of a small machine.
          maxWorkers: '100%',
          projects: [inNode('unit'), inNode('virtual'), await inBrowser()],
        },
      }),
}));
