import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from './build.mjs';
import { chromiumFlags } from './chromium.mjs';
import { root } from './process.mjs';
import { setUp } from './setup.mjs';
import { serveStatic } from './static.mjs';
import { options } from './tables.mjs';

const scenarios = join(root, 'public', 'scenarios');

/** The scenario of that name, or in that file; ends the process where there is none. */
function readScenario(nameOrFile) {
  const shipped = readdirSync(scenarios)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -5));
  const file = shipped.includes(nameOrFile) ? join(scenarios, `${nameOrFile}.json`) : nameOrFile;
  if (file === undefined || !existsSync(file)) {
    if (file !== undefined) console.error(`There is no scenario ${nameOrFile}, and no such file.`);
    console.error(
      `npm run perf -- --scenario NAME|FILE [--json OUT] [--repeat N]\nScenarios: ${shipped.join(', ')}, crash-memory [--kills N] [--grove-kills N] [--mode strict,relaxed]`,
    );
    process.exit(2);
  }
  return JSON.parse(readFileSync(file, 'utf8'));
}

const given = options(process.argv.slice(2));

// Not a grove but what lies under every grove: kills of the whole browser, which no page can do to itself.
if (given.scenario === 'crash-memory') {
  const { runCrashMemory } = await import('./crash-memory.mjs');
  await setUp({ browser: true });
  const { pass, tallies, markdown } = await runCrashMemory(given);
  console.log(markdown);
  if (given.json !== undefined) writeFileSync(resolve(given.json), `${JSON.stringify(tallies, null, 2)}\n`);
  process.exit(pass ? 0 : 1);
}

const scenario = readScenario(given.scenario);
const repeats = Number(given.repeat ?? 1);
if (!Number.isInteger(repeats) || repeats < 1) {
  console.error(`--repeat must be a whole number from 1, got ${given.repeat}`);
  process.exit(2);
}

const executablePath = await setUp({ browser: true });
await build({ library: false });
const { runnerImport } = await import('vite');
const { module } = await runnerImport(join(root, 'tests/perf/perf.ts'), { root, configFile: false });
const server = await serveStatic(join(root, 'dist'));
try {
  const result = await module.measure({
    url: server.url,
    launch: { executablePath, args: chromiumFlags() },
    scenario,
    repeats,
    log: (line) => console.error(line),
  });
  console.log(module.markdown(result));
  if (given.json !== undefined) {
    const file = resolve(given.json);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  }
  if (!result.pass) process.exitCode = 1;
} finally {
  await server.close();
}
