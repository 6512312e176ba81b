import { hash32 } from '../kernel/rng.ts';
import { estimateCapacity } from './capacityEstimate.ts';
import { endpointOf, type CapacityPlan, type PolicyType } from './capacityPlan.ts';
import type { CapacityReport, Knee, Tuning } from './capacityReport.ts';
import type { CapacityOutcome, Watch } from './capacityRun.ts';
import { createCapacityRuns, sharedAmong, type CapacityRuns, type RunJob } from './capacityRuns.ts';
import { bindingOf, keepsBar } from './capacityVerdict.ts';

/** Work that is under way, for people. */
export interface StudyWatch {
  readonly progress: (share: number, doing: string) => void;
  readonly cancelled: () => boolean;
}

/** A probe lasts so long; the endpoint's own troubles are left out of it, since one would decide it. */
const PROBE_S = 600;
const TUNE_S = 300;
/** The knee is known to this share. */
const PRECISION = 0.03;
const PROBES_MAX = 14;
/** The first two probes lie so far apart, and further ones the square of it, until the knee is between them. */
const REACH = 1.05;
const REACH_MAX = 8;

const AGENTS_MAX = 100_000;
/** How many times Little's law is tried for the places. */
const PLACES = [0.5, 0.75, 1, 1.5, 2, 3];

/** Searches for the knee: outward from the estimate until it lies between two probes, then by bisection. */
export async function findKnee(
  plan: CapacityPlan,
  policy: PolicyType,
  places: number,
  watch: Watch,
  run: RunJob = sharedAmong([createCapacityRuns()], watch.cancelled),
): Promise<Knee> {
  const calm: CapacityPlan = { ...plan, troubles: 'none' };
  const probeS = Math.min(plan.durationS, PROBE_S);
  const tried = new Map<number, CapacityOutcome>();
  let low = 0;
  let high = Infinity;
  let reach = REACH;
  let agents = Math.min(
    AGENTS_MAX,
    Math.max(1, Math.round(estimateCapacity(plan).limits[0]?.agents ?? plan.agents)),
  );
  while (tried.size < PROBES_MAX && high - low > Math.max(1, PRECISION * low)) {
    const choice = { agents, durationS: probeS, places, untilBroken: true };
    const outcome = await run({ plan: calm, policy, choice }, (share) => {
      const gone = tried.size + share;
      watch.progress(gone / (gone + 3));
    });
    tried.set(agents, outcome);
    if (keepsBar(outcome)) low = Math.max(low, agents);
    else high = Math.min(high, agents);
    if (low >= AGENTS_MAX) break;
    if (high === Infinity) agents = Math.min(AGENTS_MAX, Math.ceil(low * reach));
    else if (low === 0) agents = Math.floor(high / reach);
    else agents = Math.round((low + high) / 2);
    if (low === 0 || high === Infinity) reach = Math.min(REACH_MAX, reach * reach);
    if (agents < 1) break;
  }
  const broke = high === Infinity ? null : tried.get(high)!;
  return {
    policy,
    agents: low,
    breaksAt: broke === null ? null : high,
    binding: broke === null ? null : bindingOf(broke),
    probes: [...tried]
      .sort(([a], [b]) => a - b)
      .map(([n, o]) => ({
        agents: n,
        keeps: keepsBar(o),
        tasksInTime: o.tasks === 0 ? 0 : o.tasksInTime / o.tasks,
        callsInTime: o.calls === 0 ? 0 : o.callsInTime / o.calls,
        taskP99Ms: o.taskMs.p99,
        wire429: o.wire429,
        stopped: o.stopped,
      })),
    probeS,
  };
}

/** The number of places with which most tasks come in time; of equal ones that with the fewest 429s. */
async function tunePlaces(plan: CapacityPlan, watch: Watch, run: RunJob): Promise<Tuning> {
  const { callMs, callsPerMinPerAgent, limits } = estimateCapacity(plan);
  const agents = Math.min(plan.agents, limits[0]?.agents ?? plan.agents);
  const little = (agents * callsPerMinPerAgent * callMs) / 60_000;
  const candidates = [...new Set(PLACES.map((times) => Math.max(1, Math.round(times * little))))];
  const shares = candidates.map(() => 0);
  const calm: CapacityPlan = { ...plan, troubles: 'none' };
  const tried = await Promise.all(
    candidates.map(async (places, i) => {
      const choice = { durationS: Math.min(plan.durationS, TUNE_S), places };
      const o = await run({ plan: calm, policy: 'fixed', choice }, (share) => {
        shares[i] = share;
        watch.progress(shares.reduce((a, b) => a + b, 0) / candidates.length);
      });
      return { places, inTime: o.tasks === 0 ? 0 : o.tasksInTime / o.tasks, wire429: o.wire429 };
    }),
  );
  const best = tried.reduce((a, b) =>
    b.inTime > a.inTime || (b.inTime === a.inTime && b.wire429 < a.wire429) ? b : a,
  );
  return { places: best.places, tried };
}

const NAMES: Readonly<Record<PolicyType, string>> = {
  desk: 'the desk',
  retries: 'naive retries',
  fixed: 'fixed concurrency',
};

/** All of them, once each has come to its end: nothing of a study runs on when it is over. */
async function allOf<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const ends = await Promise.allSettled(work);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return ends.map((end) => (end as PromiseFulfilledResult<T>).value);
}

/**
 * Runs the plan through its policies, and searches the knee of those it asks for. Rejects with `Cancelled`.
 * @param runs those who do the runs; the report is the same however many they are
 */
export async function runCapacityStudy(
  plan: CapacityPlan,
  build: string,
  watch: StudyWatch,
  runs: readonly CapacityRuns[],
): Promise<CapacityReport> {
  const { profile } = endpointOf(plan);
  const run = sharedAmong(runs, watch.cancelled);
  const kneesOf =
    plan.knee === 'all' ? plan.policies : plan.knee === 'first' ? plan.policies.slice(0, 1) : [];
  const tunes = plan.policies.includes('fixed') && plan.places === 0;
  const searchS = 4 * Math.min(plan.durationS, PROBE_S);
  const tuneS = PLACES.length * Math.min(plan.durationS, TUNE_S);
  const allS = plan.policies.length * plan.durationS + kneesOf.length * searchS + (tunes ? tuneS : 0);
  /** Of each stage that has begun, in simulated seconds. */
  const done: number[] = [];
  async function stage<T>(lengthS: number, doing: string, work: (watch: Watch) => Promise<T>): Promise<T> {
    const i = done.push(0) - 1;
    const tell = (share: number): void => {
      done[i] = lengthS * share;
      watch.progress(Math.min(1, done.reduce((a, b) => a + b, 0) / allS), doing);
    };
    const result = await work({ progress: tell, cancelled: watch.cancelled });
    done[i] = lengthS;
    return result;
  }

  const tuned = tunes
    ? stage(tuneS, 'Trying numbers of places for fixed concurrency', (w) => tunePlaces(plan, w, run))
    : Promise.resolve(null);
  const placesOf = async (policy: PolicyType): Promise<number> =>
    policy === 'fixed' ? ((await tuned)?.places ?? plan.places) : plan.places;
  const outcome = async (policy: PolicyType): Promise<CapacityOutcome> => {
    const places = await placesOf(policy);
    return stage(plan.durationS, `${plan.agents} agents with ${NAMES[policy]}`, (w) =>
      run({ plan, policy, choice: { places } }, w.progress),
    );
  };
  const knee = async (policy: PolicyType): Promise<Knee> => {
    const places = await placesOf(policy);
    return stage(searchS, `How many agents ${NAMES[policy]} would bear`, (w) =>
      findKnee(plan, policy, places, w, run),
    );
  };
  // The searches first: each is a chain of runs, and what they leave free is filled by the others.
  const searched = allOf(kneesOf.map(knee));
  const ran = allOf(plan.policies.map(outcome));
  await allOf<unknown>([tuned, searched, ran]);
  const [tuning, knees, outcomes] = [await tuned, await searched, await ran];
  const found = {
    plan,
    build,
    profile: { title: profile.title, asOf: profile.asOf, sources: profile.sources },
    estimate: estimateCapacity(plan),
    outcomes,
    knees,
    tuning,
  };
  const text = JSON.stringify(found);
  const hex = (salt: number): string => hash32(text, salt).toString(16).padStart(8, '0');
  return { ...found, hash: hex(1) + hex(2) };
}
