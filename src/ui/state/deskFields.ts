import type { CapacityPlan, PlanIssue } from '../../lab/capacityPlan.ts';

/** A number of the plan as the form shows it. */
export interface DeskField {
  /** Of the plan, e.g. `slo.taskMs`. */
  readonly path: string;
  readonly label: string;
  readonly unit?: string;
  /** The plan's value is what is shown times this. */
  readonly scale?: number;
  readonly hint?: string;
}

export interface DeskGroup {
  readonly title: string;
  readonly about: string;
  readonly fields: readonly DeskField[];
}

const S = 1_000;
export const LOAD: DeskGroup = {
  title: 'The load',
  about: 'A task is so many calls one after the other; with a fan-out each of them is several side by side.',
  fields: [
    { path: 'agents', label: 'Agents' },
    { path: 'tasksPerHour', label: 'Tasks of an agent', unit: 'an hour' },
    { path: 'thinkS', label: 'Thinks between tasks', unit: 's, on average' },
    { path: 'callsPerTask', label: 'Calls of a task', unit: 'in turn' },
    { path: 'fanOut', label: 'Fan-out', unit: 'side by side' },
    { path: 'rampS', label: 'All have begun after', unit: 's' },
  ],
};
export const LENGTHS: DeskGroup = {
  title: 'Prompts and answers',
  about:
    'In tokens. Lengths are log-normal: half are below the median, one in twenty is above the second figure.',
  fields: [
    { path: 'prompt.median', label: 'Prompt, median', unit: 'tokens' },
    { path: 'prompt.p95', label: 'Prompt, 95th percentile', unit: 'tokens' },
    {
      path: 'prompt.shared',
      label: 'Of which the same in all',
      unit: 'tokens',
      hint: 'Read from the prompt cache where the profile caches by itself.',
    },
    { path: 'output.median', label: 'Answer, median', unit: 'tokens' },
    { path: 'output.p95', label: 'Answer, 95th percentile', unit: 'tokens' },
    { path: 'maxTokens', label: 'max_tokens of a call', unit: 'tokens' },
  ],
};
export const BAR: DeskGroup = {
  title: 'The bar',
  about: '99 of 100 must be done within this, from the moment they were due. What fails is late.',
  fields: [
    { path: 'slo.taskMs', label: 'Tasks within', unit: 's', scale: S },
    { path: 'slo.callMs', label: 'Calls within', unit: 's', scale: S },
    { path: 'deadlineMs', label: 'A call is given up after', unit: 's', scale: S },
    { path: 'durationS', label: 'Simulated time', unit: 'min', scale: 60 },
  ],
};
export const POLICY: DeskGroup = {
  title: 'Policies',
  about: 'The first is the one that the verdict speaks of; the others stand beside it.',
  fields: [
    {
      path: 'retriesMax',
      label: 'Retries of the others',
      unit: 'a call',
      hint: 'The vendors’ packages try 2 times more.',
    },
    {
      path: 'places',
      label: 'Fixed concurrency',
      unit: 'at a time',
      hint: '0: the best number is searched.',
    },
  ],
};
export const LIMITS: DeskGroup = {
  title: 'Limits and network of your own',
  about: '0 keeps the profile’s.',
  fields: [
    { path: 'limits.requests', label: 'Requests', unit: 'a minute' },
    { path: 'limits.inputTokens', label: 'Input tokens', unit: 'a minute' },
    { path: 'limits.outputTokens', label: 'Output tokens', unit: 'a minute' },
    { path: 'limits.totalTokens', label: 'Tokens in all', unit: 'a minute' },
    { path: 'limits.concurrency', label: 'Concurrency', unit: 'at a time' },
    { path: 'network.ms', label: 'Network, one way', unit: 'ms' },
    { path: 'network.jitterMs', label: 'and up to', unit: 'ms more' },
  ],
};
export const PRICES: DeskGroup = {
  title: 'Prices',
  about: 'Dollars for a million tokens; the profile’s are illustrative.',
  fields: [
    { path: 'prices.input', label: 'Input', unit: '$' },
    { path: 'prices.cachedInput', label: 'Input from the prompt cache', unit: '$' },
    { path: 'prices.cacheWrite', label: 'Written to the prompt cache', unit: '$' },
    { path: 'prices.output', label: 'Output', unit: '$' },
  ],
};
const ALL = [LOAD, LENGTHS, BAR, POLICY, LIMITS, PRICES].flatMap(({ fields }) => fields);
const scaleOf = (path: string): number => ALL.find((f) => f.path === path)?.scale ?? 1;

/** What stands in the form's number fields, by path. */
export type FieldTexts = Readonly<Record<string, string>>;

function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((v, key) => (v as Record<string, unknown> | undefined)?.[key], value);
}

/** The texts that stand for a plan. @param prices of its profile, shown where the plan has none of its own */
export function textsOf(plan: CapacityPlan, prices: NonNullable<CapacityPlan['prices']>): FieldTexts {
  const shown = { ...plan, prices: plan.prices ?? prices };
  return Object.fromEntries(
    ALL.map(({ path, scale = 1 }) => [path, String((at(shown, path) as number) / scale)]),
  );
}

/** The plan's keys that texts stand for, unchecked. A text that is no number stands for itself, for the schema to refuse. */
export function valuesOf(texts: FieldTexts): Record<string, unknown> {
  const plan: Record<string, unknown> = {};
  for (const { path, scale = 1 } of ALL) {
    const text = (texts[path] ?? '').trim().replaceAll(',', '');
    const value: unknown =
      text === '' || Number.isNaN(Number(text)) ? text : Math.round(Number(text) * scale * 1e6) / 1e6;
    const keys = path.split('.');
    const last = keys.pop()!;
    let inner = plan;
    for (const key of keys) inner = (inner[key] ??= {}) as Record<string, unknown>;
    inner[last] = value;
  }
  return plan;
}

/** Issues as sentences by the field that they belong to, in the field's own unit. */
export function complaints(issues: readonly PlanIssue[]): Readonly<Record<string, string>> {
  const told: Record<string, string> = {};
  for (const { path, rule, value } of issues) {
    const scale = scaleOf(path);
    const inUnit = (text: string): string =>
      scale === 1 ? text : text.replace(/\d+(\.\d+)?/g, (n) => String(Number(n) / scale));
    const got = value === '""' ? 'nothing' : inUnit(value);
    const key = path.startsWith('prompt.examples') ? 'prompt.examples' : path;
    const said = inUnit(scale === 1 ? rule : rule.replace('a whole number', 'a number'));
    told[key] = `${told[key] === undefined ? '' : `${told[key]} `}It ${said}; it is ${got}.`;
  }
  return told;
}
