import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStaticModel, type StaticModel } from '../../src/memory/staticEmbedding.ts';

/** The packed word vectors; null where the set-up has not packed them. Throws when they are damaged. */
export function packedWordVectors(): StaticModel | null {
  const path = join(process.cwd(), 'public', 'models', 'glove-100d.bin');
  if (!existsSync(path)) return null;
  const model = readStaticModel(readFileSync(path));
  if (!model.ok) throw new Error(model.error.message);
  return model.value;
}
