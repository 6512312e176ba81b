import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'vite';

/**
 * Runs jobs in as many threads as there are cores. `entry` is a TypeScript file that answers each message with one.
 * Rejects with the first error of a thread.
 */
export async function runJobs<R>(
  entry: string,
  jobs: readonly unknown[],
  onDone: (done: number) => void,
): Promise<R[]> {
  const outDir = mkdtempSync(join(tmpdir(), 'treering-jobs-'));
  await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: true,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: 'job.mjs' } },
    },
  });
  const results: R[] = [];
  let next = 0;
  let done = 0;
  const workers: Worker[] = [];
  try {
    await Promise.all(
      Array.from(
        { length: Math.min(jobs.length, availableParallelism()) },
        () =>
          new Promise<void>((resolve, reject) => {
            const worker = new Worker(join(outDir, 'job.mjs'));
            workers.push(worker);
            let at = -1;
            const give = (): void => {
              at = next++;
              if (at < jobs.length) worker.postMessage(jobs[at]);
              else resolve();
            };
            worker.on('message', (result: R) => {
              results[at] = result;
              onDone(++done);
              give();
            });
            worker.on('error', reject);
            give();
          }),
      ),
    );
    return results;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
    rmSync(outDir, { recursive: true, force: true });
  }
}
