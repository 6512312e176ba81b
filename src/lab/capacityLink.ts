import { describeIssue, object, string, type Schema } from '../kernel/schema.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { difference } from '../scenario/link.ts';
import { sealedIn, sealInto, unseal, type Seal } from '../scenario/sealedText.ts';
import { capacityPlanSchema, parseCapacityPlan, type CapacityPlan } from './capacityPlan.ts';

/** The part of the URL in which a study rides, as runs of the virtual world do. */
const SEAL: Seal = { key: 'desk', version: 1 };

/** What a link says: the study, and with which build. */
export interface CapacityLink {
  readonly plan: CapacityPlan;
  readonly build: string;
}

const anything: Schema<unknown> = { parse: (value) => ok(value) };
const envelope = object({ b: string(1, 100), p: anything });

/** A URL that opens this very study: `page` (without its fragment) with all that decides it behind. */
export function capacityLinkOf({ plan, build }: CapacityLink, page: string): string {
  const standard = capacityPlanSchema.parse({});
  const rest = difference(plan, standard.ok ? standard.value : {}) ?? {};
  return sealInto(page, SEAL, { b: build, p: rest });
}

/** Whether a URL carries a study, readable or not. */
export const hasCapacityLink = (url: string): boolean => sealedIn(url, SEAL) !== null;

/** The study that a URL carries: null when it carries none, the sentences when it cannot be read. */
export function capacityFromUrl(url: string): Result<CapacityLink, readonly string[]> | null {
  const sealed = sealedIn(url, SEAL);
  // A bare `#desk` opens the desk with nothing in it.
  if (sealed === null || sealed === '') return null;
  const json = unseal(sealed, SEAL);
  if (!json.ok) return json;
  const outer = envelope.parse(json.value);
  if (!outer.ok) return err(outer.error.map((issue) => `${describeIssue(issue)}.`));
  const plan = parseCapacityPlan(outer.value.p);
  return plan.ok
    ? ok({ plan: plan.value, build: outer.value.b })
    : err(plan.error.map((sentence) => `${sentence}.`));
}
