import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { node, root, tool } from './process.mjs';
import { setUp } from './setup.mjs';
import { options } from './tables.mjs';

const USAGE = 'npm run fuzz -- [--rounds N] [--seed N]';
const { rounds = '10', seed = String(randomInt(2 ** 31)), ...unknown } = options(process.argv.slice(2));
if (!/^[1-9]\d*$/.test(rounds) || !/^\d+$/.test(seed) || Object.keys(unknown).length > 0) {
  console.error(`${USAGE}\nEach round checks every property with cases drawn from the next seed.`);
  process.exit(2);
}

const files = ['unit', 'virtual']
  .flatMap((folder) =>
    readdirSync(join(root, 'tests', folder), { recursive: true }).map((f) => join('tests', folder, f)),
  )
  .filter((f) => f.endsWith('.test.ts') && readFileSync(join(root, f), 'utf8').includes("from 'fast-check'"));

await setUp({ browser: false });
const failing = [];
for (let round = 0; round < Number(rounds); round++) {
  const now = String(Number(seed) + round);
  console.log(`\n== Round ${round + 1} of ${rounds}, seed ${now}, ${files.length} files ==`);
  const code = await node(
    tool('vitest'),
    ['run', '--project', 'unit', '--project', 'virtual', '--reporter=dot', '--silent=passed-only', ...files],
    { env: { TREERING_FUZZ_SEED: now } },
  );
  if (code !== 0) failing.push(now);
}
console.log(
  failing.length === 0
    ? `\n${rounds} round${rounds === '1' ? '' : 's'}, nothing failed`
    : `\nFailed with seed ${failing.join(', ')}: npm run fuzz -- --rounds 1 --seed ${failing[0]}`,
);
process.exitCode = failing.length === 0 ? 0 : 1;
