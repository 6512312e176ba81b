import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type LaunchOptions } from '@playwright/test';
import { median } from '../harness/bench.ts';
import { judgePage } from './judgePage.ts';
import { probe, type ProbeResult } from './probe.ts';
import type { PerfResult, PerfRun, Spread } from './result.ts';
export { markdown } from './markdown.ts';

export interface PerfOptions {
  /** The built page. */
  readonly url: string;
  readonly launch: LaunchOptions;
  readonly scenario: PerfResult['scenario'];
  readonly repeats: number;
  readonly log: (line: string) => void;
}

/** One run in a browser of its own, on a profile on disk: an incognito one keeps IndexedDB in memory. */
async function runOnce(options: PerfOptions): Promise<PerfRun & { browser: string }> {
  const profile = await mkdtemp(join(tmpdir(), 'treering-perf-'));
  const context = await chromium.launchPersistentContext(profile, {
    ...options.launch,
    headless: true,
    viewport: { width: 1280, height: 900 },
  });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') options.log(`  page: ${message.text()}`);
    });
    await page.addInitScript(probe, options.scenario);
    // `?perf` tells the page to wait for the probe instead of starting a grove by itself.
    await page.goto(`${options.url}?perf`, { waitUntil: 'commit' });
    await page.waitForFunction(() => 'treeringPerf' in window);
    const limitMs = ((options.scenario.durationS ?? 30) + 180) * 1000;
    let timer: NodeJS.Timeout | undefined;
    const result = await Promise.race([
      page.evaluate(() => (window as unknown as { treeringPerf: Promise<ProbeResult> }).treeringPerf),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(new Error(`The run did not end within ${limitMs / 1000} s.`));
        }, limitMs);
      }),
    ]).finally(() => {
      clearTimeout(timer);
    });
    const browser = await page.evaluate(() => /Chrom(e|ium)\/[\d.]+/.exec(navigator.userAgent)?.[0] ?? '');
    const judgements = judgePage(options.scenario.thresholds ?? [], result.report, result.page);
    return { ...result, report: { ...result.report, judgements }, errors, browser };
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** Every finite number below a value, by its path. */
function numbers(value: unknown, path: string, into: Map<string, number[]>): void {
  if (typeof value === 'number' && Number.isFinite(value)) into.set(path, [...(into.get(path) ?? []), value]);
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) numbers(inner, `${path}.${key}`, into);
}

function summarise(runs: readonly ProbeResult[]): Record<string, Spread> {
  const found = new Map<string, number[]>();
  for (const { report, page } of runs) {
    numbers(report.vitalSigns, 'vitalSigns', found);
    numbers(report.startUp, 'startUp', found);
    numbers(page, 'page', found);
    numbers(report.derived, 'derived', found);
  }
  return Object.fromEntries(
    [...found].map(([path, all]) => [
      path,
      { median: median(all), min: Math.min(...all), max: Math.max(...all) },
    ]),
  );
}

/** Runs the scenario `repeats` times in fresh browsers. Throws where a run does not end or is refused. */
export async function measure(options: PerfOptions): Promise<PerfResult> {
  const runs: PerfRun[] = [];
  let browserName = '';
  for (let i = 1; i <= options.repeats; i++) {
    options.log(`Run ${i} of ${options.repeats}: ${options.scenario.name ?? 'unnamed'} ...`);
    const { browser, ...run } = await runOnce(options);
    browserName = browser;
    runs.push(run);
  }
  return {
    scenario: options.scenario,
    build: runs[0]!.report.build,
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), browser: browserName },
    pass: runs.every((run) => run.errors.length === 0 && run.report.judgements.every((j) => j.pass)),
    summary: summarise(runs),
    runs,
  };
}
