import type { RefusedFor } from './capacityMeter.ts';
import type { PolicyType } from './capacityPlan.ts';
import type { Binding, CapacityReport, Knee } from './capacityReport.ts';
import { LATE_SHARE_MAX, type CapacityOutcome } from './capacityRun.ts';

/** Whether the plan's bar is kept: 99 of 100 calls and of 100 tasks in time, what failed being late. */
export function keepsBar(o: CapacityOutcome): boolean {
  const enough = (inTime: number, all: number): boolean => all > 0 && all - inTime <= LATE_SHARE_MAX * all;
  return !o.stopped && enough(o.callsInTime, o.calls) && enough(o.tasksInTime, o.tasks);
}

export const POLICY_NAMES: Readonly<Record<PolicyType, string>> = {
  desk: 'Treering’s desk',
  retries: 'naive retries',
  fixed: 'fixed concurrency',
};

/** 429s for more than this share of the requests tell what binds. */
const REFUSED_SHARE_MIN = 0.01;
/** A limit that is used less in its busiest minute binds nothing. */
const NEAR = 0.8;

const WORDS: Readonly<Record<RefusedFor, string>> = {
  requests: 'requests',
  inputTokens: 'input tokens',
  outputTokens: 'output tokens',
  totalTokens: 'tokens',
  concurrency: 'concurrency',
  acceleration: 'acceleration',
  spend: 'the spend cap',
};
export const refusedWords = (what: RefusedFor): string => WORDS[what];

/** What binds in a run: what most 429s were for when there were many, else the limit that was used most. */
export function bindingOf(o: CapacityOutcome): Binding {
  const refused = Object.entries(o.wire429By) as [RefusedFor, number][];
  const most = refused.reduce<[RefusedFor, number]>((a, b) => (b[1] > a[1] ? b : a), ['requests', 0]);
  if (o.wire429 > REFUSED_SHARE_MIN * o.requests) {
    const limit = o.use
      .filter((u) => u.name.startsWith(WORDS[most[0]]))
      .reduce((a, b) => (b.peak > a.peak ? b : a), {
        name: WORDS[most[0]],
        peak: 0,
      });
    return { type: 'refusal', name: limit.name, share: o.wire429 / o.requests };
  }
  // A limit of a day binds nothing within an hour, whatever the pace.
  const near = o.use.filter((u) => u.perMs <= o.durationS * 1_000 && u.peak >= NEAR);
  if (near.length === 0) return { type: 'model', name: '', share: 0 };
  const top = near.reduce((a, b) => (b.mean > a.mean ? b : a));
  return { type: 'limit', name: top.name, share: top.peak };
}

export const percent = (share: number, digits = 0): string => {
  const shown = (100 * share).toFixed(digits);
  // What is not all is not shown as all.
  return share < 1 && Number(shown) === 100
    ? digits < 2
      ? percent(share, digits + 1)
      : '> 99.99 %'
    : `${shown} %`;
};
export const count = (n: number): string =>
  Math.round(n)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
export const seconds = (ms: number | null): string =>
  ms === null
    ? 'never'
    : ms < 1_000
      ? `${Math.round(ms)} ms`
      : `${(ms / 1_000).toFixed(ms < 100_000 ? 1 : 0)} s`;
export const perMinute = (name: string): string =>
  name.replace('/min', ' a minute').replace('/day', ' a day').replace('/s', ' a second');
const agentsOf = (n: number): string => (n === 1 ? '1 agent' : `${count(n)} agents`);
const plural = (name: string): boolean => /requests|tokens/.test(name);

/** What breaks first, as the beginning of a sentence. */
export function breaksFirst(binding: Binding): string {
  if (binding.type === 'model') return 'the model’s own time breaks the bar, with no limit near';
  const name = perMinute(binding.name);
  return `${name} ${plural(name) ? 'break' : 'breaks'} first`;
}

/** How a policy fared at the plan's number of agents, in one sentence. */
export function outcomeSentence(o: CapacityOutcome): string {
  if (o.tasks === 0) return 'No task was due in this time; let more agents or more tasks come.';
  const inTime = `${percent(o.tasksInTime / o.tasks, 1)} of ${count(o.tasks)} tasks in time`;
  const seen = `${count(o.wire429)} ${o.wire429 === 1 ? '429' : '429s'} on the wire, ${count(o.agent429)} seen by agents`;
  return `${keepsBar(o) ? 'The bar is kept' : 'The bar is broken'}: ${inTime}, ${seen}.`;
}

export function kneeSentence(knee: Knee): string {
  const { agents, breaksAt, binding, policy } = knee;
  const by = POLICY_NAMES[policy];
  if (breaksAt === null) return `With ${by} ${agentsOf(agents)} keep the bar; more were not tried.`;
  const why = breaksFirst(binding!);
  return agents === 0
    ? `With ${by} not even ${breaksAt === 1 ? 'one agent keeps' : `${agentsOf(breaksAt)} keep`} the bar: ${why}.`
    : `With ${by} ${agentsOf(agents)} keep the bar; with ${count(breaksAt)} ${why}.`;
}

/** Limits of a day that would be spent before it is over, in a sentence each. */
export function daySentences(o: CapacityOutcome): string[] {
  return o.use
    .filter((u) => u.perMs > o.durationS * 1_000 && u.mean > 1)
    .map(
      (u) =>
        `At this pace the ${count(u.amount)} ${perMinute(u.name)} are spent after ${(u.perMs / 3_600_000 / u.mean).toFixed(1)} hours; from then on every call is refused.`,
    );
}

/** What the study found, the answer first. */
export function verdictOf(report: CapacityReport): string[] {
  const { plan, outcomes, knees } = report;
  const first = outcomes[0]!;
  const kept = keepsBar(first);
  const binding = bindingOf(first);
  const by = POLICY_NAMES[first.policy];
  const top = first.use
    .filter((u) => u.perMs <= first.durationS * 1_000)
    .reduce((a, b) => (b.mean > a.mean ? b : a));
  const head = kept
    ? `${agentsOf(plan.agents)}: no limit breaks the bar with ${by}; ${perMinute(top.name)} ${plural(top.name) ? 'are' : 'is'} used most, ${percent(top.mean)} on average.`
    : first.tasks === 0
      ? `${agentsOf(plan.agents)}: no task was due.`
      : `${agentsOf(plan.agents)}: ${breaksFirst(binding)} with ${by}.`;
  const lines = [head, outcomeSentence(first), ...daySentences(first)];
  for (const knee of knees) lines.push(kneeSentence(knee));
  for (const o of outcomes.slice(1)) {
    const name = POLICY_NAMES[o.policy];
    const places = o.places === null ? '' : ` (${count(o.places)} at a time)`;
    lines.push(`${name[0]!.toUpperCase()}${name.slice(1)}${places}: ${outcomeSentence(o)}`);
  }
  return lines;
}
