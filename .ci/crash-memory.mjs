import { join } from 'node:path';
import { chromiumFlags, findChromium } from './chromium.mjs';
import { cache, root } from './process.mjs';
import { serveStatic } from './static.mjs';

/** Builds the page that tests/perf/crashMemory.ts drives; returns its folder. */
export async function buildCrashPage() {
  const { build } = await import('vite');
  const outDir = join(cache, 'perf', 'crash');
  const at = join(root, 'tests', 'perf', 'crash');
  await build({
    root: at,
    base: './',
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    worker: { format: 'es' },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2023',
      assetsInlineLimit: 0,
      rolldownOptions: { input: join(at, 'index.html') },
    },
  });
  return outDir;
}

/**
 * The crash-memory scenario: kills, wipes and damages, in a browser on a profile on disk.
 * @param {{ kills?: string, wipes?: string, terminations?: string, mode?: string, seed?: string }} given
 */
export async function runCrashMemory(given) {
  const { runnerImport } = await import('vite');
  const { module } = await runnerImport(join(root, 'tests/perf/crashMemory.ts'), { root, configFile: false });
  const server = await serveStatic(await buildCrashPage());
  try {
    const { pass, tallies } = await module.crashMemory({
      url: server.url,
      executablePath: findChromium(),
      flags: chromiumFlags(),
      modes: (given.mode ?? 'strict,relaxed').split(','),
      kills: Number(given.kills ?? 30),
      wipes: Number(given.wipes ?? 3),
      terminations: Number(given.terminations ?? 30),
      seed: given.seed ?? 'crash-memory',
      log: (line) => console.error(line),
    });
    return { pass, tallies, markdown: module.crashMarkdown(tallies) };
  } finally {
    await server.close();
  }
}
