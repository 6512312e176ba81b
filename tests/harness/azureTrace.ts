import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Tokens of the conversations of the Azure LLM inference trace 2023 (CC-BY 4.0), in ascending order. */
export interface AzureTrace {
  readonly prompt: number[];
  readonly output: number[];
}

/** The trace, out of TREERING_DATA or ../shared; null where it is not at hand. */
export function readAzureTrace(): AzureTrace | null {
  const roots = [process.env['TREERING_DATA'], resolve(import.meta.dirname, '../../../shared')];
  const path = roots
    .filter((root) => root !== undefined)
    .map((root) => resolve(root, 'traces/llm/azure-llm-2023-conv.csv.gz'))
    .find(existsSync);
  if (path === undefined) return null;
  const rows = gunzipSync(readFileSync(path)).toString().trim().split('\n').slice(1);
  const column = (i: number): number[] => rows.map((r) => Number(r.split(',')[i])).sort((a, b) => a - b);
  return { prompt: column(1), output: column(2) };
}
