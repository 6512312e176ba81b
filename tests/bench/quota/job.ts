import { parentPort } from 'node:worker_threads';
import type { Regime } from '../../harness/enforcement.ts';
import { CELLS, DELAYS, TROUBLES } from '../../harness/quotaCells.ts';
import { fixedConcurrency, fixedRate, naiveRetries, quotaSender } from '../../harness/quotaSenders.ts';
import { runQuotaWorld, type QuotaWorldResult } from '../../harness/quotaWorld.ts';

export type SenderName = 'quota' | 'naive' | 'concurrency' | 'rate';

/** One run, as plain data. */
export interface Job {
  readonly cell: number;
  readonly regime: Regime;
  readonly delay: number;
  readonly trouble: number | null;
  readonly seed: string;
  readonly minutes: number;
  readonly sender: SenderName;
}

export function runJob(job: Job): QuotaWorldResult {
  const cell = CELLS[job.cell]!;
  const delays = DELAYS[job.delay]!;
  const trouble = job.trouble === null ? {} : TROUBLES[job.trouble]!.plan;
  const senders = {
    quota: quotaSender({ limits: cell.plan.limits, jitterMs: delays.jitterMs, delayMsMax: delays.maxMs }),
    naive: naiveRetries,
    concurrency: fixedConcurrency(cell.places),
    rate: fixedRate(cell.plan.limits),
  };
  const { seed, regime, minutes } = job;
  return runQuotaWorld(
    { seed, regime, minutes, delays: delays.draw, ...cell.plan, ...trouble },
    senders[job.sender],
  );
}

parentPort?.on('message', (job: Job) => parentPort!.postMessage(runJob(job)));
