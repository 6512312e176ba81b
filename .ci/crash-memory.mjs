import { join } from 'node:path';
import { build as buildSite } from './build.mjs';
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
 * The crash-memory scenario: kills, wipes and damages, in a browser on a profile on disk; and kills of the built page with
 * a grove of agents in it.
 * @param {{ kills?: string, wipes?: string, terminations?: string, 'grove-kills'?: string, mode?: string, seed?: string }} given
 */
export async function runCrashMemory(given) {
  const { runnerImport } = await import('vite');
  const load = async (file) => (await runnerImport(join(root, file), { root, configFile: false })).module;
  const { crashMemory, crashMarkdown } = await load('tests/perf/crashMemory.ts');
  const { groveKills, groveMarkdown } = await load('tests/perf/groveKills.ts');
  const common = {
    executablePath: findChromium(),
    flags: chromiumFlags(),
    seed: given.seed ?? 'crash-memory',
    log: (line) => console.error(line),
  };
  const server = await serveStatic(await buildCrashPage());
  await buildSite({ library: false });
  const site = await serveStatic(join(root, 'dist'));
  try {
    const { pass, tallies } = await crashMemory({
      ...common,
      url: server.url,
      modes: (given.mode ?? 'strict,relaxed').split(','),
      kills: Number(given.kills ?? 30),
      wipes: Number(given.wipes ?? 3),
      terminations: Number(given.terminations ?? 30),
    });
    const grove = await groveKills({
      ...common,
      url: site.url,
      agents: 8,
      documents: 0,
      kills: Number(given['grove-kills'] ?? 5),
    });
    return {
      pass: pass && grove.pass,
      tallies: { modes: tallies, grove },
      markdown: `${crashMarkdown(tallies)}\n\n${groveMarkdown(grove)}`,
    };
  } finally {
    await server.close();
    await site.close();
  }
}
