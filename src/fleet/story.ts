import type { StoryLine } from './views.ts';

/** The run told in sentences; all of it is kept for the report, up to a limit. */
export interface Story {
  tell(kind: StoryLine['kind'], text: string): void;
  all(): readonly StoryLine[];
  latest(n: number): readonly StoryLine[];
}

const LINES_MAX = 5_000;

export function createStory(now: () => number): Story {
  const lines: StoryLine[] = [];
  let id = 0;
  return {
    tell(kind, text) {
      lines.push({ id: ++id, atMs: now(), kind, text });
      if (lines.length > LINES_MAX) lines.splice(0, lines.length - LINES_MAX);
    },
    all: () => lines,
    latest: (n) => lines.slice(-n),
  };
}

/** `1 agent`, `14 agents`. */
export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

/** `230 ms`, `1.4 s`. */
export const duration = (ms: number): string =>
  ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
