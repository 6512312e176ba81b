import { estimateCapacity, type CapacityEstimate } from '../../lab/capacityEstimate.ts';
import { capacityFromUrl, capacityLinkOf } from '../../lab/capacityLink.ts';
import { checkCapacityPlan, type CapacityPlan, type PolicyType } from '../../lab/capacityPlan.ts';
import { PROFILES, type ProfileChoice } from '../../lab/capacityProfiles.ts';
import type { CapacityReport } from '../../lab/capacityReport.ts';
import type { CapacityDesk } from '../../lab/openCapacity.ts';
import { complaints, textsOf, valuesOf, type FieldTexts } from './deskFields.ts';

type Checked = ReturnType<typeof checkCapacityPlan>;

function standardPlan(given: unknown = {}): CapacityPlan {
  const plan = checkCapacityPlan(given);
  if (!plan.ok) throw new RangeError(JSON.stringify(plan.error));
  return plan.value;
}

/** The form, the study that runs, and what the last one found. */
export class DeskState {
  texts = $state.raw<FieldTexts>({});
  profile = $state.raw<CapacityPlan['profile']>('anthropic-1000');
  arrivals = $state.raw<CapacityPlan['arrivals']>('open');
  enforcement = $state.raw<CapacityPlan['limits']['enforcement']>('profile');
  troubles = $state.raw<CapacityPlan['troubles']>('profile');
  knee = $state.raw<CapacityPlan['knee']>('all');
  policies = $state.raw<readonly PolicyType[]>(['desk', 'retries', 'fixed']);
  examples = $state.raw<readonly number[]>([]);
  seed = $state.raw('desk');
  /** The visitor set prices of their own. */
  ownPrices = $state.raw(false);

  /** Complaints are shown once Run was pressed, and then as the form changes. */
  pressed = $state.raw(false);
  running = $state.raw(false);
  share = $state.raw(0);
  doing = $state.raw('');
  /** What became of the last study when it has no report: a sentence. */
  told = $state.raw<string | null>(null);
  report = $state.raw<CapacityReport | null>(null);
  /** Wall time of the study that the report is of. */
  tookMs = $state.raw(0);
  /** Why the link was refused, or why it is not simply run. */
  refused = $state.raw<readonly string[]>([]);

  readonly #build: string;
  readonly #page: string;
  readonly #open: () => CapacityDesk;
  #desk: CapacityDesk | null = null;

  constructor(build: string, page: string, open: () => CapacityDesk) {
    this.#build = build;
    this.#page = page;
    this.#open = open;
    this.show(standardPlan());
  }

  readonly checked: Checked = $derived.by(() => this.#check());
  readonly complaints = $derived<Readonly<Record<string, string>>>(
    this.pressed && !this.checked.ok ? complaints(this.checked.error) : {},
  );
  readonly estimate = $derived<CapacityEstimate | null>(
    this.checked.ok ? estimateCapacity(this.checked.value) : null,
  );
  readonly choice = $derived<ProfileChoice>(PROFILES.find((p) => p.name === this.profile)!);
  /** Opens the study of the report again. */
  readonly link = $derived.by(() => this.#linkNow());
  /** The form is another study than the report's. */
  readonly changed = $derived(
    this.report !== null &&
      !(this.checked.ok && JSON.stringify(this.checked.value) === JSON.stringify(this.report.plan)),
  );

  #check(): Checked {
    const { prices, prompt, limits, ...rest } = valuesOf(this.texts) as Record<string, object>;
    return checkCapacityPlan({
      ...rest,
      ...(this.ownPrices ? { prices } : {}),
      prompt: { ...prompt, examples: this.examples },
      limits: { ...limits, enforcement: this.enforcement },
      seed: this.seed.trim(),
      profile: this.profile,
      arrivals: this.arrivals,
      troubles: this.troubles,
      knee: this.knee,
      policies: this.policies,
    });
  }

  #linkNow(): string {
    return this.report === null
      ? ''
      : capacityLinkOf({ plan: this.report.plan, build: this.#build }, this.#page);
  }

  /** Puts a plan into the form. */
  show(plan: CapacityPlan): void {
    this.profile = plan.profile;
    this.arrivals = plan.arrivals;
    this.enforcement = plan.limits.enforcement;
    this.troubles = plan.troubles;
    this.knee = plan.knee;
    this.policies = plan.policies;
    this.examples = plan.prompt.examples;
    this.seed = plan.seed;
    this.ownPrices = plan.prices !== undefined;
    this.texts = textsOf(plan, PROFILES.find((p) => p.name === plan.profile)!.prices);
    this.pressed = false;
  }

  preset(plan: unknown): void {
    this.show(standardPlan(plan));
  }

  set(path: string, text: string): void {
    this.texts = { ...this.texts, [path]: text };
    if (path.startsWith('prices.')) this.ownPrices = true;
  }

  choose(profile: CapacityPlan['profile']): void {
    this.profile = profile;
    if (this.ownPrices) return;
    const { prices } = this.choice;
    this.texts = {
      ...this.texts,
      ...Object.fromEntries(Object.entries(prices).map(([key, value]) => [`prices.${key}`, String(value)])),
    };
  }

  /** The policies in the order in which they were chosen; the last one stays. */
  toggle(policy: PolicyType): void {
    const has = this.policies.includes(policy);
    if (has && this.policies.length === 1) return;
    this.policies = has ? this.policies.filter((p) => p !== policy) : [...this.policies, policy];
  }

  /** Opens the study of a link: runs it when this build made it. */
  async openLink(url: string): Promise<void> {
    const linked = capacityFromUrl(url);
    if (linked === null) return;
    if (!linked.ok) {
      this.refused = linked.error;
      return;
    }
    this.show(linked.value.plan);
    const { build } = linked.value;
    if (build === this.#build) return this.run();
    this.refused = [
      `This link was made by build ${build}, and this page is build ${this.#build}: another build may find other figures. The study is in the form; press Run to see what this build finds.`,
    ];
  }

  async run(): Promise<void> {
    if (this.running) return;
    this.pressed = true;
    this.told = null;
    this.refused = [];
    const { checked } = this;
    if (!checked.ok) return;
    this.running = true;
    this.share = 0;
    this.doing = 'The worker starts';
    const beganAtMs = performance.now();
    try {
      this.#desk ??= this.#open();
      const end = await this.#desk.study(checked.value, (share, doing) => {
        this.share = share;
        this.doing = doing;
      });
      if (end.type === 'done') {
        this.report = end.report;
        this.tookMs = performance.now() - beganAtMs;
      } else if (end.type === 'cancelled')
        this.told = this.report
          ? 'Cancelled. The figures below are those of the study before.'
          : 'Cancelled; nothing was kept.';
      else this.told = end.sentences.join(' ');
    } catch (error) {
      this.#desk = null;
      this.told = error instanceof Error ? error.message : String(error);
    } finally {
      this.running = false;
    }
  }

  cancel(): void {
    this.#desk?.cancel();
    this.doing = 'Cancelling';
  }
}
