import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cache, root } from './process.mjs';
import { setUp } from './setup.mjs';

const stampFile = join(cache, 'build-stamp');

/** Every file below `path`, sorted, so that the same tree always hashes the same. */
function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

/** Hash of the contents of all that decides a build. */
function fingerprint() {
  const hash = createHash('sha256');
  for (const part of [
    'package.json',
    'package-lock.json',
    'vite.config.ts',
    'tsconfig.json',
    'index.html',
    'src',
    'public',
    '.ci',
  ])
    for (const file of filesBelow(join(root, part)))
      hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/** This build's name: the version and what its files hash to. The same files have it wherever they are built. */
export function buildName(print = fingerprint()) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return `${version}+${print.slice(0, 12)}`;
}

/**
 * Builds the site into dist, the library into dist/lib and the Maelstrom node into dist/maelstrom.mjs, unless both are there already, made from these very files.
 * Throws what the builders throw.
 * @param {{ force?: boolean, library?: boolean }} [options]
 */
export async function build({ force = false, library = true } = {}) {
  const print = fingerprint();
  const stamp = `${print} ${library ? 'with' : 'without'} library`;
  const made = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
  const there =
    existsSync(join(root, 'dist', 'index.html')) && made.startsWith(print) && (!library || made === stamp);
  if (there && !force) return console.log('The build is up to date.');

  process.env.TREERING_BUILD = buildName(print);
  const vite = await import('vite');
  rmSync(stampFile, { force: true });
  await vite.build({ root, logLevel: 'warn' });
  if (library) {
    const { buildLibrary } = await import('./library.mjs');
    await buildLibrary();
    const { buildMaelstrom } = await import('./maelstrom.mjs');
    await buildMaelstrom();
  }
  mkdirSync(cache, { recursive: true });
  writeFileSync(stampFile, stamp);
  console.log(
    `Built ${process.env.TREERING_BUILD} into dist${library ? ', the library into dist/lib' : ''}.`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setUp({ browser: false });
  await build({ force: true });
}
