import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'vite';

/**
 * Runs jobs in threads, as many as there are cores unless told. `entry` is a TypeScript file that answers each message with
 * one. Rejects with the first error of a thread.
 * @param onDone hears how many are done, and of each its place and result, in the order in which they end
 */
export async function runJobs<R>(
  entry: string,
  jobs: readonly unknown[],
  onDone: (done: number, at: number, result: R) => void,
  threads = availableParallelism(),
): Promise<R[]> {
  const outDir = mkdtempSync(join(tmpdir(), 'treering-jobs-'));
  await build({
    configFile: false,
    logLevel: 'warn',
    // The file lies where no package can be found: all of them go into it.
    ssr: { noExternal: true },
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
        { length: Math.min(jobs.length, threads) },
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
              onDone(++done, at, result);
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
