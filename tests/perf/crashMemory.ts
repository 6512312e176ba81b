import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng } from '../../src/kernel/rng.ts';
import type { CrashMemoryView } from '../../src/fleet/views.ts';
import { startChromium, type ChromiumProcess } from './chromiumProcess.ts';
import type { Acked, Found } from './crash/texts.ts';

export interface CrashOptions {
  /** The built page of tests/perf/crash. */
  readonly url: string;
  readonly executablePath: string;
  readonly flags: readonly string[];
  readonly modes: readonly ('strict' | 'relaxed')[];
  /** Browsers killed, a mode. */
  readonly kills: number;
  /** Times the database is taken away from under a closed browser, a mode. */
  readonly wipes: number;
  /** Times workers are ended in the middle of writing, a mode. */
  readonly terminations: number;
  readonly seed: string;
  readonly log: (line: string) => void;
}

/** What the kills of one mode did. */
export interface CrashTally {
  readonly mode: string;
  kills: number;
  terminations: number;
  /** Openings that were checked. */
  checks: number;
  /** Pairs and checkpoints that had been acked, as noted outside of the browser. */
  acked: number;
  lost: number;
  partial: number;
  /** Databases found empty that held something: by the browser's own doing, and by ours. */
  wipes: number;
  forcedWipes: number;
  /** Wiped databases after which everything was there again. */
  healed: number;
  /** Openings at which single segments came back from the mirror. */
  mended: number;
  /** Segments damaged on purpose that came back from the mirror; and those with no copy, which were set aside. */
  damagedHealed: number;
  setAside: number;
  readonly problems: string[];
}

const WRITERS = 4;

class Driver {
  readonly #options: CrashOptions;
  readonly #mode: 'strict' | 'relaxed';
  readonly #profile: string;
  readonly tally: CrashTally;
  /** By writer: what it reported as acked, and so may never be missing. */
  #acked = new Map<number, Acked>();
  #browser: ChromiumProcess | null = null;
  #session: string | null = null;
  #forced = false;

  constructor(options: CrashOptions, mode: 'strict' | 'relaxed', profile: string) {
    this.#options = options;
    this.#mode = mode;
    this.#profile = profile;
    this.tally = {
      ...{ mode, kills: 0, terminations: 0, checks: 0, acked: 0, lost: 0, partial: 0 },
      ...{ wipes: 0, forcedWipes: 0, healed: 0, mended: 0, damagedHealed: 0, setAside: 0, problems: [] },
    };
  }

  async #launch(): Promise<ChromiumProcess> {
    const { executablePath, flags, url } = this.#options;
    const browser = (this.#browser = await startChromium(executablePath, flags, this.#profile));
    await browser.page.exposeFunction('acked', (node: number, pair: number, checkpoint: number) => {
      const before = this.#acked.get(node) ?? { pair: 0, checkpoint: 0 };
      this.#acked.set(node, {
        pair: Math.max(before.pair, pair),
        checkpoint: Math.max(before.checkpoint, checkpoint),
      });
    });
    await browser.page.exposeFunction('refused', (node: number, message: string) => {
      this.tally.problems.push(`writer ${node} was refused: ${message}`);
    });
    browser.page.on('pageerror', (error) => this.tally.problems.push(`the page threw: ${error.message}`));
    await browser.page.goto(url);
    return browser;
  }

  /** Opens crash memory in the page; writers begin; what they found is held against what was acked. */
  async #begin(cleanEnd: string | null, holes = false): Promise<CrashMemoryView> {
    const expected = new Map(this.#acked);
    const plan = { durability: this.#mode, writers: WRITERS, cleanEnd };
    const { found, view } = await this.#browser!.page.evaluate((p) => window.crash.begin(p), plan);
    this.#session = view.session;
    if (!holes) this.#check(found, expected, view);
    return view;
  }

  #check(found: readonly Found[], expected: ReadonlyMap<number, Acked>, view: CrashMemoryView): void {
    const { tally } = this;
    tally.checks++;
    let lost = 0;
    found.forEach((f, i) => {
      const wanted = expected.get(i + 1) ?? { pair: 0, checkpoint: 0 };
      lost += Math.max(0, wanted.pair - f.pair) + (f.checkpoint < wanted.checkpoint ? 1 : 0);
      for (const problem of f.problems) {
        tally.partial++;
        if (tally.problems.length < 20) tally.problems.push(problem);
      }
      // What is there now must stay, acked or not.
      this.#acked.set(i + 1, f);
    });
    tally.lost += lost;
    const held = [...expected.values()].some((e) => e.pair > 0);
    if (lost > 0) tally.problems.push(`${lost} acked writes were missing`);
    if (view.origin === 'healed' || (view.origin === 'new' && held)) {
      if (this.#forced) tally.forcedWipes++;
      else tally.wipes++;
      if (lost === 0) tally.healed++;
      this.#options.log(`${this.#mode}: the database was gone; ${lost} acked writes are missing`);
    } else if (view.healedSegments > 0) tally.mended++;
    this.#forced = false;
  }

  /** Lets the writers write for a moment drawn between those. */
  async #write(draw: number, fromMs: number, toMs: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, fromMs + draw * (toMs - fromMs)));
  }

  async #closeWell(): Promise<void> {
    await this.#browser!.close();
    this.#browser = null;
  }

  /** Kills, and what the next two visits find. */
  async killings(): Promise<void> {
    const rng = createRng(`${this.#options.seed}/${this.#mode}/kills`);
    await this.#launch();
    await this.#begin(null);
    for (let i = 1; i <= this.#options.kills; i++) {
      await this.#write(rng.next(), 150, 1_500);
      await this.#browser!.kill();
      this.tally.kills++;
      await this.#launch();
      await this.#begin(null);
      await this.#write(rng.next(), 50, 400);
      await this.#closeWell();
      const session = this.#session;
      await this.#launch();
      await this.#begin(session);
      if (i % 5 === 0 || i === this.#options.kills)
        this.#options.log(`${this.#mode}: ${i} of ${this.#options.kills} kills, ${this.tally.lost} lost`);
    }
    await this.#write(0, 200, 200);
    await this.#closeWell();
  }

  /** Workers ended while they write, in a browser that lives on. */
  async terminations(): Promise<void> {
    const rng = createRng(`${this.#options.seed}/${this.#mode}/terminations`);
    await this.#launch();
    await this.#begin(this.#session);
    for (let i = 0; i < this.#options.terminations; i++) {
      await this.#write(rng.next(), 50, 500);
      await this.#browser!.page.evaluate(() => window.crash.terminate());
      this.tally.terminations++;
      await this.#begin(this.#session);
    }
    await this.#closeWell();
  }

  /** The database is taken away while the browser is closed: the mirror has to give everything back. */
  async wipes(): Promise<void> {
    for (let i = 0; i < this.#options.wipes; i++) {
      for (const part of ['IndexedDB', 'WebStorage'])
        await rm(join(this.#profile, 'Default', part), { recursive: true, force: true });
      this.#forced = true;
      await this.#launch();
      await this.#begin(null);
      await this.#write(0, 200, 200);
      await this.#closeWell();
    }
  }

  /** Bits turned over in the database, with a mirror and without. */
  async damages(): Promise<void> {
    await this.#launch();
    const hurt = await this.#browser!.page.evaluate(() => window.crash.damage(3, false));
    const mended = await this.#begin(this.#session);
    this.tally.damagedHealed += mended.healedSegments;
    // More than were hurt where the mirror was a commit ahead when the browser closed.
    if (hurt === 0 || mended.healedSegments < hurt || mended.damaged.length > 0)
      this.tally.problems.push(`of ${hurt} damaged segments ${mended.healedSegments} came back`);
    await this.#browser!.page.evaluate(() => window.crash.terminate());
    // Handles are let go of a moment after their worker is gone.
    await new Promise((resolve) => setTimeout(resolve, 300));
    await this.#browser!.page.evaluate(() => window.crash.damage(1, true));
    const left = await this.#begin(this.#session, true);
    this.tally.setAside += left.setAside;
    if (left.damaged.length !== 1 || left.setAside !== 1 || left.records === 0)
      this.tally.problems.push(`a segment without a copy was not set aside: ${JSON.stringify(left.damaged)}`);
    await this.#closeWell();
  }

  async end(): Promise<void> {
    for (const { pair, checkpoint } of this.#acked.values())
      this.tally.acked += pair + Math.floor(checkpoint / 100);
    await this.#browser?.kill();
  }
}

/** Kills, wipes, damages; nothing that was acked may be missing afterwards. */
export async function crashMemory(options: CrashOptions): Promise<{ pass: boolean; tallies: CrashTally[] }> {
  const tallies: CrashTally[] = [];
  for (const mode of options.modes) {
    const profile = await mkdtemp(join(tmpdir(), 'treering-crash-'));
    const driver = new Driver(options, mode, profile);
    tallies.push(driver.tally);
    try {
      await driver.killings();
      await driver.terminations();
      await driver.wipes();
      await driver.damages();
    } catch (e) {
      driver.tally.problems.push(`it ended early: ${e instanceof Error ? e.message : String(e)}`);
    } finally {
      await driver.end();
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  }
  const pass = tallies.every(
    (t) =>
      t.problems.length === 0 &&
      t.lost === 0 &&
      t.partial === 0 &&
      t.healed === t.wipes + t.forcedWipes &&
      t.kills === options.kills &&
      t.acked > 0,
  );
  return { pass, tallies };
}

/** The tallies as a Markdown table, problems below. */
export function crashMarkdown(tallies: readonly CrashTally[]): string {
  const rows: [string, (t: CrashTally) => number | string][] = [
    ['browsers killed', (t) => t.kills],
    ['workers terminated', (t) => t.terminations],
    ['openings checked', (t) => t.checks],
    ['writes acked', (t) => t.acked],
    ['acked writes lost', (t) => t.lost],
    ['writes found in part', (t) => t.partial],
    ['databases wiped by the browser', (t) => t.wipes],
    ['databases wiped on purpose', (t) => t.forcedWipes],
    ['wiped databases healed', (t) => t.healed],
    ['openings with segments mended', (t) => t.mended],
    ['damaged segments healed', (t) => t.damagedHealed],
    ['damaged segments set aside', (t) => t.setAside],
  ];
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  const table = [
    line(['crash memory', ...tallies.map((t) => t.mode)]),
    line(['---', ...tallies.map(() => '---:')]),
    ...rows.map(([name, of]) => line([name, ...tallies.map(of)])),
  ];
  const problems = tallies.flatMap((t) => t.problems.map((p) => `- ${t.mode}: ${p}`));
  return [...table, ...(problems.length > 0 ? ['', ...problems] : [])].join('\n');
}
