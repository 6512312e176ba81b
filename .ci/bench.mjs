import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { importBundled } from './bundle.mjs';
import { chromiumFlags, findChromium } from './chromium.mjs';
import { cache, root } from './process.mjs';
import { setUp } from './setup.mjs';
import { serveStatic } from './static.mjs';
import { alignedTable, figure, medianOf, options, spread } from './tables.mjs';

const folder = join(root, 'tests', 'bench');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
  .sort();

const [name, ...rest] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  if (name !== undefined) console.error(`There is no bench ${name}.`);
  console.error(`npm run bench -- NAME [--json OUT] [--key value ...]\nBenches: ${names.join(', ')}`);
  process.exit(2);
}
const { json, ...args } = options(rest);
await setUp({ browser: false });
const { build } = await import('vite');

const closing = [];
/** One browser for each kind of profile. */
const browsers = new Map();

async function launch(profile) {
  const { chromium } = await import('@playwright/test');
  const executablePath = (await setUp({ browser: true })) ?? findChromium();
  const options = { executablePath, args: chromiumFlags() };
  if (profile === 'memory') return chromium.launch(options);
  const folder = mkdtempSync(join(tmpdir(), 'treering-bench-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  return chromium.launchPersistentContext(folder, options);
}

/** See BenchContext.page in tests/harness/bench.ts. */
async function page(html, profile = 'memory') {
  if (!browsers.has(profile)) {
    const browser = await launch(profile);
    browsers.set(profile, browser);
    closing.push(() => browser.close());
  }
  const browser = browsers.get(profile);
  const outDir = join(cache, 'bench', name, html.replace(/\W/g, '-'));
  rmSync(outDir, { recursive: true, force: true });
  await build({
    root: join(folder, name),
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
      rolldownOptions: { input: join(folder, name, html) },
    },
  });
  const server = await serveStatic(outDir);
  closing.push(() => server.close());
  const opened = await browser.newPage();
  opened.on('console', (message) => {
    // Browsers ask for an icon that no bench page has.
    if (!message.location().url.endsWith('/favicon.ico')) console.log(`  page: ${message.text()}`);
  });
  opened.on('pageerror', (error) => {
    console.error(`  page: ${error.stack ?? error.message}`);
    process.exitCode = 1;
  });
  await opened.goto(server.url + html, { waitUntil: 'load' });
  return opened;
}

let result;
try {
  const module = await importBundled(join(folder, `${name}.ts`));
  result = await module.run({ args, page, log: (line) => console.log(`  ${line}`) });
} finally {
  for (const close of closing.reverse()) await close();
}

const medians = new Map(result.rows.map((row) => [row.name, medianOf(row.samples)]));
const ratio = (row) => (row.against === undefined ? null : medians.get(row.name) / medians.get(row.against));
console.log(`\n${result.title}\n`);
console.log(
  alignedTable(
    ['', 'median', 'spread', 'unit', 'repeats', 'ratio'],
    result.rows.map((row) => [
      row.name,
      figure(medians.get(row.name)),
      spread(row.samples),
      row.unit,
      String(row.samples.length),
      row.against === undefined ? '' : `${figure(ratio(row))} x ${row.against}`,
    ]),
  ),
);
for (const note of result.notes ?? []) console.log(`\n${note}`);
if (result.targets.length > 0) {
  console.log('\nTargets');
  for (const t of result.targets)
    console.log(`  ${t.pass ? 'met   ' : 'MISSED'} ${t.name}: ${figure(t.value)} (bar ${figure(t.bar)})`);
}
if (json !== undefined) {
  const file = resolve(json);
  mkdirSync(dirname(file), { recursive: true });
  const rows = result.rows.map((row) => ({
    ...row,
    median: medians.get(row.name),
    min: Math.min(...row.samples),
    max: Math.max(...row.samples),
    ratio: ratio(row),
  }));
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
  };
  writeFileSync(file, `${JSON.stringify({ bench: name, args, machine, ...result, rows }, null, 2)}\n`);
}
if (result.targets.some((t) => !t.pass)) process.exitCode = 1;
