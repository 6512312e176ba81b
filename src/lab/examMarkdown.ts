import { METRICS, type ExamAccount, type ExamPart } from './exams.ts';

const percent = (share: number): string => (100 * share).toFixed(1);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** An exam as Markdown: who was asked what, and every figure in percent, with the 95 % bootstrap intervals of the means. */
export function examMarkdown({ sign, report }: ExamAccount, build: string): string {
  const parts = (
    title: string,
    of: (r: (typeof report.results)[number]) => readonly ExamPart[],
  ): string[] => {
    const names = of(report.results[0]!).map((part) => part.name);
    if (names.length === 0) return [];
    const rows = names.flatMap((name) =>
      report.results.flatMap((r) => {
        const part = of(r).find((p) => p.name === name);
        return part
          ? [[name, r.examinee, String(part.questions), ...METRICS.map((m) => percent(part.means[m]))]]
          : [];
      }),
    );
    return [`## ${title}`, table(['', 'examinee', 'questions', ...METRICS], rows)];
  };
  const zones = report.results[0]!.zones.map(({ zone, entries }) => `${entries} ${zone}`).join(', ');
  return [
    `# Memory exam: ${sign.dataset}`,
    `${report.questions} questions about ${report.entries} ${report.unit}s; build \`${build}\`. ` +
      `Vital sign: ${sign.metric}: ${percent(sign.value)} %, 95 % interval ${sign.interval!.map(percent).join(' to ')} %.`,
    'Percent, with 95 % bootstrap intervals (1,000 resamples of the questions).',
    table(
      ['examinee', ...METRICS],
      report.results.map((r) => [
        r.examinee,
        ...METRICS.map((m) => {
          const { mean, low, high } = r.overall[m];
          return `${percent(mean)} (${percent(low)} to ${percent(high)})`;
        }),
      ]),
    ),
    ...(report.withoutVectors ? [`${report.withoutVectors} The exam went on without them.`] : []),
    `Entries by ring at the end: ${zones}.`,
    ...parts('By ring of the memory that answers', (r) => r.byZone),
    ...parts('By category', (r) => r.byCategory),
    ...parts("By the data set's own rings", (r) => r.byRing),
    '',
  ].join('\n\n');
}
