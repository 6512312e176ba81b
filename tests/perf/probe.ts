import type { Report } from '../../src/lab/report.ts';

/** What the page itself felt while the grove ran; times in ms. */
export interface PageFacts {
  /** Tasks of the main thread over 50 ms after start-up, and the longest of them (0 for none). */
  readonly longTasks: number;
  readonly longestTaskMs: number;
  /** Time between animation frames while running. */
  readonly frames: number;
  readonly frameMedianMs: number;
  readonly frameP95Ms: number;
}

export interface ProbeResult {
  readonly report: Report;
  readonly page: PageFacts;
}

/**
 * Runs inside the page, before its own scripts: waits for `window.treering`, runs the scenario at once, and watches the
 * main thread meanwhile. Self-contained, since it crosses over as text. Leaves a promise in `window.treeringPerf`.
 */
export function probe(scenario: unknown): void {
  const tasks: { at: number; ms: number }[] = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) tasks.push({ at: entry.startTime, ms: entry.duration });
  }).observe({ type: 'longtask', buffered: true });
  const frames: number[] = [];
  const onFrame = (at: number): void => {
    frames.push(at);
    requestAnimationFrame(onFrame);
  };
  requestAnimationFrame(onFrame);

  const door = (): { run(scenario: unknown): Promise<Report> } | undefined =>
    (window as unknown as { treering?: { run(scenario: unknown): Promise<Report> } }).treering;
  const ready = new Promise<void>((resolve, reject) => {
    const poll = setInterval(() => {
      if (door() !== undefined) {
        clearInterval(poll);
        resolve();
      } else if (performance.now() > 30_000) {
        clearInterval(poll);
        reject(new Error('window.treering did not appear within 30 s'));
      }
    }, 5);
  });
  const measured = ready.then(async (): Promise<ProbeResult> => {
    const report = await door()!.run(scenario);
    const end = performance.now();
    const begin = Math.max(report.startUp.allAgentsMs ?? 0, report.startUp.firstAnswerMs ?? 0);
    const after = tasks.filter((t) => t.at > begin && t.at < end);
    const gaps = frames
      .filter((at) => at > begin && at < end)
      .map((at, i, all) => (i === 0 ? NaN : at - all[i - 1]!))
      .filter((gap) => !Number.isNaN(gap))
      .sort((a, b) => a - b);
    const at = (q: number): number => gaps[Math.floor(q * (gaps.length - 1))] ?? 0;
    return {
      report,
      page: {
        longTasks: after.length,
        longestTaskMs: Math.max(0, ...after.map((t) => t.ms)),
        frames: gaps.length,
        frameMedianMs: at(0.5),
        frameP95Ms: at(0.95),
      },
    };
  });
  // A refusal is read later; without a handler it would count as an error of the page meanwhile.
  measured.catch(() => undefined);
  Object.assign(window, { treeringPerf: measured });
}
