import { cumulativeOctaves } from './histogram.ts';
import type { RegistryState } from './registry.ts';

/** What to send as `content-type` with `expose`'s text. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type LabelPairs = readonly (readonly [string, string])[];

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function formatLabels(pairs: LabelPairs): string {
  if (pairs.length === 0) return '';
  const inner = pairs.map(([name, value]) => `${name}="${escapeHelp(value).replaceAll('"', '\\"')}"`);
  return `{${inner.join(',')}}`;
}

function formatNumber(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

/**
 * The Prometheus text exposition format, version 0.0.4, of a registry's state. Counters get the ending `_total` where
 * it is missing; a histogram becomes cumulative buckets at `unit x 2^k`, then `+Inf`, `_sum` and `_count`.
 */
export function expose(state: RegistryState): string {
  const lines: string[] = [];
  for (const family of state.families) {
    const name =
      family.type === 'counter' && !family.name.endsWith('_total') ? `${family.name}_total` : family.name;
    lines.push(`# HELP ${name} ${escapeHelp(family.help)}`, `# TYPE ${name} ${family.type}`);
    for (const series of family.series) {
      if ('value' in series) {
        lines.push(`${name}${formatLabels(series.labels)} ${formatNumber(series.value)}`);
        continue;
      }
      const { histogram, labels } = series;
      const bucket = (le: string, count: number): string =>
        `${name}_bucket${formatLabels([...labels, ['le', le]])} ${count}`;
      for (const { le, count } of cumulativeOctaves(histogram)) lines.push(bucket(formatNumber(le), count));
      lines.push(
        bucket('+Inf', histogram.count),
        `${name}_sum${formatLabels(labels)} ${formatNumber(histogram.sum)}`,
        `${name}_count${formatLabels(labels)} ${histogram.count}`,
      );
    }
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
