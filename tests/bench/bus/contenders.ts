import type { BusPlan } from './plan.ts';

/** One thing that carries messages, beside the others. */
export interface Contender {
  readonly name: string;
  readonly kind: BusPlan['kind'];
  readonly transport: BusPlan['transport'];
  /** What it is measured against. */
  readonly against?: string;
}

export const CONTENDERS: readonly Contender[] = [
  { name: 'raw', kind: 'raw', transport: 'broadcast' },
  { name: 'raw by columns', kind: 'columns', transport: 'broadcast', against: 'raw' },
  { name: 'broadcast-channel', kind: 'package', transport: 'broadcast', against: 'raw' },
  { name: 'memory', kind: 'memory', transport: 'broadcast', against: 'raw' },
  { name: 'durable', kind: 'durable', transport: 'broadcast', against: 'raw' },
  { name: 'raw ports', kind: 'raw', transport: 'ports', against: 'raw' },
  { name: 'memory ports', kind: 'memory', transport: 'ports', against: 'raw ports' },
];

/** Messages of 100 B on each link, so many that a run takes about a second, and what the bus must reach of raw channels. */
export const SIZES = [
  { nodes: 2, fanOut: 1, messages: 300_000, bar: 0.9 },
  { nodes: 4, fanOut: 3, messages: 50_000, bar: 0.9 },
  { nodes: 8, fanOut: 7, messages: 12_000, bar: 0.9 },
  { nodes: 100, fanOut: 4, messages: 1_500, bar: 0.75 },
];

/** Fewer of what is large, and of what a disk has to take. */
export const messagesOf = (messages: number, bytes: number, kind: BusPlan['kind']): number =>
  Math.max(
    20,
    Math.round(messages / (bytes > 5_000 ? 30 : bytes > 500 ? 4 : 1) / (kind === 'durable' ? 10 : 1)),
  );
