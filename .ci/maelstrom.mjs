import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.mjs';
import { root } from './process.mjs';

/** Where the Maelstrom node begins. */
export const maelstromEntry = 'src/worlds/maelstrom/main.ts';

/**
 * Builds the Maelstrom node as one executable file without dependencies, `maelstrom.mjs`.
 * @param {string} [out] a folder; what else is in it stays
 */
export async function buildMaelstrom(out = join(root, 'dist')) {
  const name = 'maelstrom.mjs';
  await bundle(maelstromEntry, out, { entryFileNames: name, banner: '#!/usr/bin/env node' });
  const file = join(out, name);
  chmodSync(file, 0o755);
  return file;
}
