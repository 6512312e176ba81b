import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cache, root } from './process.mjs';

/**
 * Bundles a TypeScript entry for Node; packages stay outside.
 * @param {string} entry
 * @param {string} outDir what else is in it stays
 * @param {{ entryFileNames: string, banner?: string }} output
 */
export async function bundle(entry, outDir, output) {
  const { build } = await import('vite');
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: false,
      target: 'node20',
      minify: false,
      rolldownOptions: { output },
    },
  });
}

/**
 * Imports a TypeScript entry as one bundle, as the product ships: module by module every imported name is looked up
 * when it is used, which costs what runs hot (of the bus in virtual time, a fifth).
 * @param {string} entry
 */
export async function importBundled(entry) {
  mkdirSync(cache, { recursive: true });
  // In the project, where packages are found; gone with this process.
  const outDir = mkdtempSync(join(cache, 'node-'));
  process.on('exit', () => rmSync(outDir, { recursive: true, force: true }));
  await bundle(entry, outDir, { entryFileNames: 'entry.mjs' });
  return import(pathToFileURL(join(outDir, 'entry.mjs')).href);
}
