import type { RefusedFor } from './capacityMeter.ts';
import type { CapacityReport } from './capacityReport.ts';
import {
  breaksFirst,
  count,
  keepsBar,
  perMinute,
  percent,
  POLICY_NAMES,
  refusedWords,
  seconds,
  verdictOf,
} from './capacityVerdict.ts';

type Row = readonly string[];

const table = (head: Row, rows: readonly Row[]): string =>
  [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
    .map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');

const by = (tally: Readonly<Partial<Record<RefusedFor, number>>>): string => {
  const parts = (Object.entries(tally) as [RefusedFor, number][]).map(
    ([what, n]) => `${refusedWords(what)} ${count(n)}`,
  );
  return parts.length === 0 ? '0' : parts.join(', ');
};

/** The figures by policy: the name of each, and its value for each outcome. */
export function comparison({
  outcomes,
  knees,
}: CapacityReport): { readonly name: string; readonly values: Row }[] {
  const row = (name: string, of: (o: (typeof outcomes)[number]) => string) => ({
    name,
    values: outcomes.map(of),
  });
  const rows = [
    row('bar kept', (o) => (o.tasks === 0 ? 'no task' : keepsBar(o) ? 'yes' : 'no')),
    row('tasks in time', (o) => (o.tasks === 0 ? '–' : percent(o.tasksInTime / o.tasks, 1))),
    row('task, median', (o) => seconds(o.taskMs.p50)),
    row('task, 95th percentile', (o) => seconds(o.taskMs.p95)),
    row('task, 99th percentile', (o) => seconds(o.taskMs.p99)),
    row('call, median', (o) => seconds(o.callMs.p50)),
    row('call, 99th percentile', (o) => seconds(o.callMs.p99)),
    row('429s on the wire', (o) => count(o.wire429)),
    row('429s that agents saw', (o) => count(o.agent429)),
    row('shed before sending', (o) => count(o.endedAs.shed ?? 0)),
    row('failed otherwise', (o) =>
      count(
        (o.endedAs.timeout ?? 0) +
          (o.endedAs.overloaded ?? 0) +
          (o.endedAs.refused ?? 0) +
          (o.endedAs.failed ?? 0),
      ),
    ),
    ...(outcomes[0]?.use ?? []).map(({ name }, i) =>
      row(
        `use of ${perMinute(name)}, mean (busiest minute)`,
        ({ use }) => `${percent(use[i]!.mean)} (${percent(use[i]!.peak)})`,
      ),
    ),
    row('cost', (o) => `$${o.usd.toFixed(2)}`),
    row('cost of 1,000 tasks in time', (o) =>
      o.tasksInTime === 0 ? '–' : `$${((1_000 * o.usd) / o.tasksInTime).toFixed(2)}`,
    ),
  ];
  if (knees.length > 0)
    rows.splice(
      1,
      0,
      row('agents it bears', (o) => {
        const knee = knees.find(({ policy }) => policy === o.policy);
        return knee === undefined ? '–' : `${count(knee.agents)}${knee.breaksAt === null ? ' or more' : ''}`;
      }),
    );
  return rows;
}

/** The report as a document. */
export function reportMarkdown(report: CapacityReport, link: string): string {
  const { plan, outcomes, knees, profile, build, hash, tuning } = report;
  const head = ['', ...outcomes.map((o) => POLICY_NAMES[o.policy])];
  const sections = [
    `# Capacity: ${count(plan.agents)} agents on ${profile.title}`,
    verdictOf(report)
      .map((line) => `- ${line}`)
      .join('\n'),
    `Simulated: ${plan.durationS / 60} minutes. The bar: 99 of 100 tasks within ${seconds(plan.slo.taskMs)} and 99 of 100 calls within ${seconds(plan.slo.callMs)} from the moment they were due; what failed or was shed is late. Seed \`${plan.seed}\`, build \`${build}\`, result \`${hash}\`. [Open it again](${link}).`,
    '## Policies side by side',
    table(
      head,
      comparison(report).map(({ name, values }) => [name, ...values]),
    ),
    '## 429s by what they were for',
    table(
      ['', 'on the wire', 'seen by agents'],
      outcomes.map((o) => [POLICY_NAMES[o.policy], by(o.wire429By), by(o.agent429By)]),
    ),
  ];
  for (const knee of knees)
    sections.push(
      `## How many agents ${POLICY_NAMES[knee.policy]} bears: ${count(knee.agents)}`,
      `${knee.binding === null ? 'Nothing broke it' : `At ${count(knee.breaksAt ?? 0)} ${breaksFirst(knee.binding)}`}. Runs of ${knee.probeS / 60} minutes without the endpoint's own troubles:`,
      table(
        ['agents', 'bar kept', 'tasks in time', 'calls in time', 'task p99', '429s'],
        knee.probes.map((p) => [
          count(p.agents),
          p.keeps ? 'yes' : p.stopped ? 'no, ended early' : 'no',
          percent(p.tasksInTime, 1),
          percent(p.callsInTime, 1),
          seconds(p.taskP99Ms),
          count(p.wire429),
        ]),
      ),
    );
  if (tuning !== null)
    sections.push(
      `## Places tried for fixed concurrency`,
      table(
        ['places', 'tasks in time', '429s'],
        tuning.tried.map((t) => [count(t.places), percent(t.inTime, 1), count(t.wire429)]),
      ),
    );
  sections.push(
    `## The profile, as of ${profile.asOf}`,
    profile.sources.map((s) => `- ${s}`).join('\n'),
    '## The plan',
    `\`\`\`json\n${JSON.stringify(plan, null, 2)}\n\`\`\``,
  );
  return `${sections.join('\n\n')}\n`;
}
