import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './process.mjs';

/** Where the Maelstrom node begins. */
export const maelstromEntry = 'src/worlds/maelstrom/main.ts';

/**
 * Builds the Maelstrom node as one executable file without dependencies, `maelstrom.mjs`.
 * @param {string} [out] a folder; what else is in it stays
 */
export async function buildMaelstrom(out = join(root, 'dist')) {
  const { build } = await import('vite');
  const name = 'maelstrom.mjs';
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    build: {
      outDir: out,
      emptyOutDir: false,
      ssr: maelstromEntry,
      target: 'node20',
      minify: false,
      rolldownOptions: { output: { entryFileNames: name, banner: '#!/usr/bin/env node' } },
    },
  });
  const file = join(out, name);
  chmodSync(file, 0o755);
  return file;
}
