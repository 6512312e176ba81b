/** Builds the page that tests/perf/crashMemory.ts drives; returns its folder. */
export function buildCrashPage(): Promise<string>;
