import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { buildName } from './build.mjs';
import { importBundled } from './bundle.mjs';
import { root } from './process.mjs';
import { figure, options } from './tables.mjs';

const usage = `npm run virtual -- --scenario NAME|FILE [--seed S | --seeds A..B] [--text made|sotu] [--sabotage NAME] [--jobs N] [--page URL] [--json OUT]
Runs a scenario in virtual time. --seeds runs it once for each whole number; the seed is then NAME-NUMBER.
--jobs runs so many seeds at a time, by default as many as there are cores; what comes of them is the same.
--page says where the links that it prints open; by default where npm start serves this build.
Exits with 1 when a checker complains, 2 for a wrong command.`;

function quit(message) {
  console.error(`${message}\n\n${usage}`);
  process.exit(2);
}

const known = ['scenario', 'seed', 'seeds', 'text', 'sabotage', 'jobs', 'page', 'json'];
let args;
try {
  args = options(process.argv.slice(2));
} catch (e) {
  quit(e.message);
}
const unknown = Object.keys(args).filter((key) => !known.includes(key));
if (unknown.length > 0) quit(`There is no option --${unknown[0]}.`);
if (args.scenario === undefined) quit('Which scenario?');

const shipped = join(root, 'public', 'scenarios', `${args.scenario}.json`);
const file = existsSync(shipped) ? shipped : resolve(args.scenario);
if (!existsSync(file)) quit(`There is no scenario ${args.scenario}: no shipped one, and no file ${file}.`);
const scenario = JSON.parse(readFileSync(file, 'utf8'));

let seeds = [args.seed ?? null];
if (args.seeds !== undefined) {
  const range = /^(\d+)\.\.(\d+)$/.exec(args.seeds);
  if (range === null || Number(range[1]) > Number(range[2]))
    quit(`--seeds must be like 1..100, got ${args.seeds}.`);
  const [from, to] = [Number(range[1]), Number(range[2])];
  seeds = Array.from({ length: to - from + 1 }, (_, i) => `${scenario.name ?? 'seed'}-${from + i}`);
}

const jobs = Number(args.jobs ?? availableParallelism());
if (!Number.isInteger(jobs) || jobs < 1) quit(`--jobs must be a whole number from 1, got ${args.jobs}.`);

/** The packed addresses, as the page loads them. */
function packedText() {
  const folder = join(root, 'public', 'corpus', 'sotu');
  if (!existsSync(join(folder, 'index.json')))
    quit('The addresses are not packed yet: run npm run build once.');
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
  const all = readFileSync(join(folder, index.file));
  return index.documents.map((d) =>
    JSON.parse(gunzipSync(all.subarray(d.offset, d.offset + d.bytes)).toString()),
  );
}

const documents = args.text === 'sotu' ? packedText() : null;
const harness = join(root, 'tests', 'harness');
const module = await importBundled(join(harness, 'virtualCommand.ts'));
const { runMany } = await importBundled(join(harness, 'virtualRuns.ts'));

const page = args.page ?? 'http://localhost:4173/';
if (!URL.canParse(page)) quit(`--page must be a URL, got ${page}.`);
let build = null;
/** The link to a run; why there is none for one that was broken on purpose. */
function linkTo(script, tick) {
  if (args.sabotage !== undefined) return 'no link: the page has no sabotage.';
  build ??= buildName();
  return module.linkTo(script, build, tick, page);
}

/** How often a long run says how far it is. */
const PROGRESS_MS = 5_000;
function progress(startedAt) {
  let toldAt = startedAt;
  return (nowMs, lastMs, events) => {
    const now = performance.now();
    if (now - toldAt < PROGRESS_MS) return;
    toldAt = now;
    console.error(
      `  ${figure(nowMs / 1_000)} of about ${figure(lastMs / 1_000)} s simulated, ${figure(events)} events, ${figure(process.memoryUsage.rss() / 1e6)} MB after ${figure((now - startedAt) / 1_000)} s`,
    );
  };
}

const quote = (text) => (/^[\w./-]+$/.test(text) ? text : `'${text}'`);
const runs = [];
let failed = 0;
const begin = performance.now();
const commands = seeds.map((seed) => ({ scenario, seed, documents, sabotage: args.sabotage ?? null }));
async function tell({ outcome, wallMs }, at) {
  const command = commands[at];
  const { seed } = command;
  const shownSeed = seed ?? scenario.seed ?? 'treering';
  const eventsPerS = outcome.events / (wallMs / 1_000);
  const timesRealTime = outcome.simulatedMs / wallMs;
  runs.push({ seed: shownSeed, ...outcome, wallMs, eventsPerS, timesRealTime });
  const verdict = outcome.violations.length === 0 ? 'ok' : `${outcome.violations.length} VIOLATIONS`;
  if (seeds.length <= 20 || outcome.violations.length > 0)
    console.log(
      `seed ${shownSeed}  hash ${outcome.hash}  ${figure(outcome.events)} events  ${figure(outcome.simulatedMs / 1_000)} s simulated in ${figure(wallMs / 1_000)} s  ${figure(timesRealTime)} x real time  ${figure(eventsPerS)} events/s  ${verdict}`,
    );
  else if (runs.length % 500 === 0)
    console.log(`${runs.length} of ${seeds.length} seeds, ${failed} with violations`);
  if (seeds.length === 1) console.log(`  ${JSON.stringify(outcome.facts)}`);
  if (outcome.violations.length === 0) {
    if (seeds.length === 1) console.log(`  on the page: ${linkTo(module.scriptOf(command), null)}`);
    return;
  }
  for (const violation of outcome.violations) console.log(`  ${violation}`);
  if (failed++ > 0) return;
  const broken = args.sabotage === undefined ? '' : ` --sabotage ${quote(args.sabotage)}`;
  const text = args.text === undefined ? '' : ` --text ${args.text}`;
  console.log(
    `  again: npm run virtual -- --scenario ${quote(args.scenario)} --seed ${quote(shownSeed)}${text}${broken}`,
  );
  // Where the first of them was seen; a check that is made only in the end stands for the whole run.
  console.log(`  on the page: ${linkTo(module.scriptOf(command), outcome.clearTick)}`);
  const smaller = await module.shrinkRun(command);
  if (smaller === null) return;
  console.log(smaller.words.replaceAll(/^/gm, '  '));
  console.log(`  on the page: ${linkTo(module.scriptOf(command, smaller.case), smaller.clearTick)}`);
}
try {
  const entry = join(harness, 'virtualJob.ts');
  await runMany(commands, { threads: jobs, entry, progress: progress(begin) }, tell);
} catch (e) {
  quit(e.message);
}
const total = (key) => runs.reduce((sum, r) => sum + r[key], 0);
if (seeds.length > 1)
  console.log(
    `${seeds.length} seeds, ${failed} with violations: ${figure(total('events'))} events, ${figure(total('simulatedMs') / 3_600_000)} h simulated in ${figure((performance.now() - begin) / 1_000)} s`,
  );
if (args.json !== undefined) {
  const out = resolve(args.json);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify({ scenario, runs }, null, 2)}\n`);
}
process.exitCode = failed === 0 ? 0 : 1;
