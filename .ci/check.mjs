import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, node, root, tool } from './process.mjs';
import { setUp } from './setup.mjs';

const minutes = 60_000;
const results = join(cache, 'results');

/** One check that either holds or does not. */
const plain = (name, what, script, args) => ({
  name,
  what,
  async check() {
    const code = await node(script(), args, { timeoutMs: 5 * minutes });
    return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  },
});

/** Counts from a runner's JSON file; a runner that failed without a failed test counts as one failure. */
function counted(code, file, read) {
  const counts = existsSync(file) ? read(JSON.parse(readFileSync(file, 'utf8'))) : { passed: 0, failed: 0 };
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** A Vitest project whose tests lie in tests/<folder>. */
const vitest = (project, what) => ({
  name: project,
  what,
  async check() {
    if (!existsSync(join(root, 'tests', project))) {
      console.log(`There is no tests/${project}.`);
      return { passed: 0, failed: 0 };
    }
    const file = join(results, `${project}.json`);
    const code = await node(
      tool('vitest'),
      [
        'run',
        '--project',
        project,
        '--reporter=default',
        '--silent=passed-only',
        '--reporter=json',
        `--outputFile.json=${file}`,
      ],
      { timeoutMs: 8 * minutes },
    );
    return counted(code, file, (r) => ({ passed: r.numPassedTests, failed: r.numFailedTests }));
  },
});

const endToEnd = {
  name: 'e2e',
  what: 'The built site, in a real Chromium, from a sub-path of a plain server',
  async check() {
    const file = join(results, 'e2e.json');
    const code = await node(
      tool('@playwright/test', 'playwright'),
      ['test', '--config', 'tests/e2e/playwright.config.ts'],
      { env: { PLAYWRIGHT_JSON_OUTPUT_FILE: file }, timeoutMs: 10 * minutes },
    );
    return counted(code, file, ({ stats }) => ({
      passed: stats.expected,
      failed: stats.unexpected + stats.flaky,
    }));
  },
};

const checks = [
  plain('format', 'Formatting (prettier)', () => tool('prettier'), ['--check', '--log-level', 'warn', '.']),
  plain('lint', 'Lint (eslint)', () => tool('eslint'), [
    ...['-c', '.ci/eslint.config.js', '--max-warnings', '0'],
    ...['--cache', '--cache-location', join(cache, 'eslint/'), '.'],
  ]),
  plain('types', 'Types (svelte-check)', () => tool('svelte-check'), [
    ...['--tsgo', '--tsconfig', './tsconfig.json', '--fail-on-warnings', '--output', 'human'],
  ]),
  vitest('unit', 'Unit tests (Node)'),
  vitest('virtual', 'The virtual world, fuzzed from seeds'),
  vitest('browser', 'Browser tests (Chromium)'),
  plain('build', 'Build of the site and the library', () => join(root, '.ci/build.mjs'), []),
  plain('size', 'Size budgets (size-limit)', () => tool('size-limit'), []),
  endToEnd,
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !checks.some((c) => c.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no check ${unknown.join(', ')}; the checks are ${checks.map((c) => c.name).join(', ')}.`,
  );
  process.exit(2);
}

await setUp({ browser: true });
rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });

const outcomes = [];
for (const { name, what, check } of checks) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n== ${what} ==`);
  const begin = performance.now();
  const outcome = await check();
  outcomes.push({ name, ...outcome, seconds: (performance.now() - begin) / 1000 });
}

console.log('\n== Summary ==');
for (const { name, passed, failed, seconds } of outcomes)
  console.log(
    `${failed === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(8)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed ${seconds.toFixed(1).padStart(7)} s`,
  );
const passed = outcomes.reduce((sum, o) => sum + o.passed, 0);
const failed = outcomes.reduce((sum, o) => sum + o.failed, 0);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
