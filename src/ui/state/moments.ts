import { TICKS_PER_MS } from '../../lab/virtual.ts';
import type { RunInput } from '../../scenario/script.ts';
import { count, duration } from './words.ts';

const seconds = new Intl.NumberFormat('en-US', { minimumFractionDigits: 3, maximumFractionDigits: 3 });

/** A moment of simulated time, to the millisecond: `12.345 s`. */
export const moment = (ms: number): string => `${seconds.format(Math.floor(ms) / 1_000)} s`;

export const momentOfTick = (tick: number): string => moment(tick / TICKS_PER_MS);

/** A rate of time: `12 times`, `0.8 times`. */
export const times = (x: number): string =>
  `${x >= 100 ? count(x) : x >= 10 ? x.toFixed(0) : x.toFixed(1)} times`;

/** The tick that a visitor means: `12.5`, `12.5 s`, `840 ms`, `tick 12641280`; or the sentence why it is none. */
export function tickOf(text: string): number | string {
  const given = /^\s*(tick\s*|#)?([\d.,_]+)\s*(s|ms)?\s*$/i.exec(text);
  const n = Number(given?.[2]?.replaceAll(/[,_]/g, ''));
  if (!given || !Number.isFinite(n) || (given[1] && given[3]))
    return `“${text.trim()}” is no moment: write seconds as 12.5, milliseconds as 840 ms, or a tick as tick 12800.`;
  if (given[1]) return Math.round(n);
  return Math.round(n * (given[3]?.toLowerCase() === 'ms' ? 1 : 1_000) * TICKS_PER_MS);
}

const nameOf = (node: number): string => (node === 0 ? 'the gate' : `node ${node}`);

/** What was done to a run, in a few words. */
export function deedOf(input: RunInput): string {
  switch (input.type) {
    case 'kill':
      return `kill ${nameOf(input.node)}`;
    case 'pause':
      return `pause ${nameOf(input.node)} for ${duration(input.forMs)}`;
    case 'link':
      return `link from ${nameOf(input.from)} to ${nameOf(input.to)}: ${Math.round(input.loss * 100)} % lost, ${duration(input.delayMs)} late, for ${duration(input.forMs)}`;
    case 'partition':
      return `cut ${input.nodes.length} of the nodes off for ${duration(input.forMs)}`;
    case 'provider':
      return `provider ${input.slowdown} times as slow, ${Math.round(input.failing * 100)} % failing, for ${duration(input.forMs)}`;
    case 'ask':
      return `ask “${input.question}”`;
    case 'rate':
      return `${input.perS} questions a second`;
  }
}
