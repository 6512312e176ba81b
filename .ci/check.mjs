import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { cache, node, root, tool } from './process.mjs';
import { setUp } from './setup.mjs';

const minutes = 60_000;
const results = join(cache, 'results');

/** One check that either holds or does not. Those that only read the sources may run `together`. */
const plain = (name, what, script, args, { together = false } = {}) => ({
  name,
  what,
  together,
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

/** What a failed test said first, without colours: enough to know it again when only the end of the output is kept. */
const complaint = (message) =>
  stripVTControlCharacters(message).split('\n').slice(0, 6).join('\n').slice(0, 600);

/** The failed tests of one file in Vitest's JSON; a file that could not even be read counts as one. */
function vitestFailures({ name, message, status, assertionResults }) {
  const failed = assertionResults.filter((r) => r.status === 'failed');
  const where = relative(root, name);
  if (failed.length === 0 && status === 'failed') return [`${where}: ${complaint(message)}`];
  return failed.map((r) => `${where}: ${r.fullName}: ${complaint(r.failureMessages.join('\n'))}`);
}

/** The failed tests of one suite in Playwright's JSON, and of the suites in it. */
function playwrightFailures({ file, specs = [], suites = [] }) {
  const failed = specs.filter((spec) => !spec.ok);
  const said = (spec) => spec.tests.flatMap((t) => t.results).find((r) => r.error)?.error.message ?? '';
  return [
    ...failed.map((spec) => `${file}: ${spec.title}: ${complaint(said(spec))}`),
    ...suites.flatMap(playwrightFailures),
  ];
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
      { timeoutMs: 12 * minutes },
    );
    return counted(code, file, (r) => ({
      passed: r.numPassedTests,
      failed: r.numFailedTests,
      failures: r.testResults.flatMap(vitestFailures),
    }));
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
      { env: { PLAYWRIGHT_JSON_OUTPUT_FILE: file }, timeoutMs: 25 * minutes },
    );
    return counted(code, file, ({ stats, suites }) => ({
      passed: stats.expected,
      failed: stats.unexpected + stats.flaky,
      failures: suites.flatMap(playwrightFailures),
    }));
  },
};

const reading = { together: true };

const checks = [
  plain(
    'format',
    'Formatting (prettier)',
    () => tool('prettier'),
    ['--check', '--log-level', 'warn', '.'],
    reading,
  ),
  plain(
    'lint',
    'Lint (eslint)',
    () => tool('eslint'),
    [
      ...['-c', '.ci/eslint.config.js', '--max-warnings', '0'],
      ...['--cache', '--cache-location', join(cache, 'eslint/'), '.'],
    ],
    reading,
  ),
  plain(
    'types',
    'Types (svelte-check)',
    () => tool('svelte-check'),
    ['--tsgo', '--tsconfig', './tsconfig.json', '--fail-on-warnings', '--output', 'human'],
    reading,
  ),
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

const chosen = checks.filter((c) => wanted.length === 0 || wanted.includes(c.name));
const outcomes = [];
while (chosen.length > 0) {
  const alone = chosen.findIndex((c) => !c.together);
  const now = chosen.splice(0, alone === 0 ? 1 : alone === -1 ? chosen.length : alone);
  console.log(`\n== ${now.map((c) => c.what).join(', ')} ==`);
  outcomes.push(
    ...(await Promise.all(
      now.map(async ({ name, check }) => {
        const begin = performance.now();
        const outcome = await check();
        return { name, ...outcome, seconds: (performance.now() - begin) / 1000 };
      }),
    )),
  );
}

console.log('\n== Summary ==');
for (const { name, passed, failed, seconds } of outcomes)
  console.log(
    `${failed === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(8)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed ${seconds.toFixed(1).padStart(7)} s`,
  );
for (const { name, failures = [] } of outcomes)
  for (const failure of failures) console.log(`\n${name}: ${failure}`);
const passed = outcomes.reduce((sum, o) => sum + o.passed, 0);
const failed = outcomes.reduce((sum, o) => sum + o.failed, 0);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
