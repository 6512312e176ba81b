import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { importBundled } from './bundle.mjs';
import { buildName } from './build.mjs';
import { root } from './process.mjs';
import { options } from './tables.mjs';

const usage = `npm run desk -- [--plan FILE] [--profile NAME] [--agents N] [--seed S] [--page URL] [--json OUT] [--markdown OUT]
Simulates N agents on a provider's tier: response times, 429s, the limit that binds, how many agents it bears.
--plan is a JSON file of the plan's keys, all of which have defaults; the other options replace its keys.
--page says where the link that it prints opens; by default where npm start serves this build.
Exits with 1 when the first policy does not keep the plan's bar, 2 for a wrong command or plan.`;

function quit(message) {
  console.error(`${message}\n\n${usage}`);
  process.exit(2);
}

let args;
try {
  args = options(process.argv.slice(2));
} catch (e) {
  quit(e.message);
}
const known = ['plan', 'profile', 'agents', 'seed', 'page', 'json', 'markdown'];
const unknown = Object.keys(args).filter((key) => !known.includes(key));
if (unknown.length > 0) quit(`There is no option --${unknown[0]}.`);
const page = args.page ?? 'http://localhost:4173/';
if (!URL.canParse(page)) quit(`--page must be a URL, got ${page}.`);

let plan = {};
if (args.plan !== undefined)
  try {
    plan = JSON.parse(readFileSync(resolve(args.plan), 'utf8'));
  } catch (e) {
    quit(`The plan ${args.plan} cannot be read: ${e.message}.`);
  }
plan = {
  ...plan,
  ...(args.profile === undefined ? {} : { profile: args.profile }),
  ...(args.agents === undefined ? {} : { agents: Number(args.agents) }),
  ...(args.seed === undefined ? {} : { seed: args.seed }),
};

const module = await importBundled(join(root, 'tests', 'harness', 'deskCommand.ts'));
let doing = '';
const began = performance.now();
let study;
try {
  study = await module.runStudy(plan, buildName(), page, (share, what) => {
    if (what !== doing) console.error(`${String(Math.round(100 * share)).padStart(3)} % ${what}`);
    doing = what;
  });
} catch (e) {
  quit(e.message);
}
const save = (file, text) => {
  mkdirSync(dirname(resolve(file)), { recursive: true });
  writeFileSync(resolve(file), text);
};
const { report, lines, markdown, link, kept } = study;
if (args.json !== undefined) save(args.json, `${JSON.stringify({ ...report, link }, null, 2)}\n`);
if (args.markdown !== undefined) save(args.markdown, markdown);
for (const line of lines) console.log(line);
console.log(
  `\nseed ${report.plan.seed}, result ${report.hash}, ${((performance.now() - began) / 1000).toFixed(1)} s\n${link}`,
);
if (!kept) process.exit(1);
