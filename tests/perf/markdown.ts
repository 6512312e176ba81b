import type { Judgement, Report } from '../../src/lab/report.ts';
import type { PerfResult, PerfRun, Spread } from './result.ts';

/** A number with about four significant digits and thousands grouped. */
export function figure(value: number): string {
  const size = Math.abs(value);
  const decimals =
    size >= 1000 || size === 0 ? 0 : Math.min(6, Math.max(0, 3 - Math.floor(Math.log10(size))));
  return value.toLocaleString('en-US', { maximumFractionDigits: decimals });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The figure, with its spread where there is one. */
const spread = (s: Spread): string =>
  s.min === s.max ? figure(s.median) : `${figure(s.median)} (${figure(s.min)} to ${figure(s.max)})`;

/** Words beside a figure that says nothing without them. */
function words(path: string, { vitalSigns: v }: Report): string {
  if (path === 'vitalSigns.memory.value') return `${v.memory.metric}, ${v.memory.dataset}`;
  if (path === 'vitalSigns.rateLimit.bindingUse')
    return `${v.rateLimit.bindingLimit}${v.rateLimit.saturated ? ', saturated' : ''}`;
  return '';
}

const found = ({ value }: Judgement): string => (value === null ? 'not measured' : figure(value));

function judgements(runs: readonly PerfRun[]): string {
  const claims = runs[0]!.report.judgements.map((j) => j.claim);
  if (claims.length === 0) return 'The scenario states no thresholds.';
  return table(
    ['claim', 'verdict', ...runs.map((_, i) => (runs.length === 1 ? 'value' : `run ${i + 1}`))],
    claims.map((claim, c) => {
      const each = runs.map((run) => run.report.judgements[c]!);
      return [claim, each.every((j) => j.pass) ? 'met' : '**MISSED**', ...each.map(found)];
    }),
  );
}

function recoveries(runs: readonly PerfRun[]): string {
  const all = runs.flatMap((run) => run.report.recoveries);
  if (all.length === 0) return 'No node had to be recovered.';
  const ms = all.map((r) => r.ms).sort((a, b) => a - b);
  const at = (q: number): string => figure(ms[Math.floor(q * (ms.length - 1))]!);
  const sum = (key: 'messagesRedelivered' | 'messagesLost' | 'memoriesLost'): string =>
    figure(all.reduce((total, r) => total + r[key], 0));
  return (
    `${all.length} recoveries: median ${at(0.5)} ms, p90 ${at(0.9)} ms, slowest ${at(1)} ms; ` +
    `${sum('messagesRedelivered')} messages redelivered, ${sum('messagesLost')} lost; ${sum('memoriesLost')} memories lost.`
  );
}

/** The first lines of a run's story and its last ones. */
function story({ events }: Report): string {
  const lines = events.length <= 16 ? events : [...events.slice(0, 6), null, ...events.slice(-9)];
  return lines
    .map((e) =>
      e === null ? `- ... ${events.length - 15} more ...` : `- ${(e.atMs / 1000).toFixed(1)} s: ${e.text}`,
    )
    .join('\n');
}

/** A perf result as Markdown, for a terminal or a pull request. */
export function markdown(result: PerfResult): string {
  const { runs, machine, summary } = result;
  const { report } = runs[0]!;
  const rows = Object.entries(summary).map(([path, s]) => [
    path.replace('vitalSigns.', ''),
    spread(s),
    words(path, report),
  ]);
  const errors = runs.flatMap((run) => run.errors);
  return [
    `# ${result.scenario.name ?? 'unnamed'}: ${result.pass ? 'passed' : 'FAILED'}`,
    `Seed \`${report.seed}\`, build \`${result.build}\`, ${report.world} world, ${runs.length} run${runs.length === 1 ? '' : 's'} of ${figure(report.durationMs / 1000)} s; ` +
      `${machine.browser}, ${machine.cores} cores, ${machine.cpu}.`,
    '## Judgements',
    judgements(runs),
    '## Vital signs',
    table(['sign', runs.length === 1 ? 'value' : 'median (least to most)', ''], rows),
    '## Recoveries',
    recoveries(runs),
    '## Story',
    story(report),
    ...(errors.length > 0 ? ['## Errors of the page', errors.map((e) => `- ${e}`).join('\n')] : []),
  ].join('\n\n');
}
