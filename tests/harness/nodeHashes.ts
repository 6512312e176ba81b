import { readFileSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { hashRuns } from './hashRuns.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** What Node finds, computed before the browser starts, and of what. */
    nodeHashes: { readonly busChaos: unknown; readonly hashes: Record<string, string> };
  }
}

/** Runs in Node before the browser's tests do. */
export default async function setup(project: TestProject): Promise<void> {
  const file = new URL('../../public/scenarios/bus-chaos.json', import.meta.url);
  const busChaos: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const hashes: Record<string, string> = {};
  for (const [name, run] of Object.entries(hashRuns)) hashes[name] = await run(busChaos);
  project.provide('nodeHashes', { busChaos, hashes });
}
