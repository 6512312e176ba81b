import type { ExamAccount, ExamEndpoint, Exams, ExamStep, NamedBlob } from '../../lab/exams.ts';
import type { Scenario } from '../../scenario/scenario.ts';

/** The memory exam as the page shows it: the one under way, the one taken last, or why there is none. */
export class ExamState {
  readonly #exams: Exams;
  #turn = 0;
  /** How far the exam under way is; null while there is none. */
  step = $state.raw<ExamStep | null>(null);
  account = $state.raw<ExamAccount | null>(null);
  refusal = $state.raw<string | null>(null);
  cancelled = $state.raw(false);
  /** Names of the files that are being examined. */
  files = $state.raw<readonly string[]>([]);

  constructor(exams: Exams) {
    this.#exams = exams;
    this.account = exams.last;
    // The machine's door takes exams too.
    exams.onTaken((account) => (this.account = account));
  }

  /** Takes an exam; what was taken before stays until this one is through. @param endpoint whose vectors are asked with too */
  async take(
    files: readonly NamedBlob[],
    { memory, agents }: Scenario,
    endpoint?: ExamEndpoint,
  ): Promise<void> {
    if (files.length === 0 || this.step !== null) return;
    this.refusal = null;
    this.cancelled = false;
    this.files = files.map((f) => f.name);
    this.step = { phase: 'reading', bytes: 0 };
    // What an ended worker still had to say comes too late.
    const turn = ++this.#turn;
    try {
      const taken = await this.#exams.take(
        files,
        { memory, agents, ...(endpoint && { endpoint }) },
        (step) => {
          if (turn === this.#turn) this.step = step;
        },
      );
      if (!taken.ok) this.refusal = taken.message;
    } finally {
      this.#turn++;
      this.step = null;
    }
  }

  /** Says why there is no exam. */
  refuse(sentence: string): void {
    this.cancelled = false;
    this.refusal = sentence;
  }

  cancel(): void {
    this.cancelled = true;
    this.#exams.cancel();
  }
}
