import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replayAgentLog } from '../../src/agents/agentLog.ts';
import { agentOwner } from '../../src/agents/nodeLog.ts';
import { createRng } from '../../src/kernel/rng.ts';
import type { AgentView, GroveSnapshot } from '../../src/lab/grove.ts';
import { createAgentMemory } from '../../src/memory/agentMemory.ts';
import { LogReader, readMemoryFile } from '../../src/memory/memoryFile.ts';
import { memoryOptions } from '../../src/memory/options.ts';
import { startChromium, type ChromiumProcess } from './chromiumProcess.ts';

export interface GroveKillOptions {
  /** The built site. */
  readonly url: string;
  readonly executablePath: string;
  readonly flags: readonly string[];
  readonly kills: number;
  readonly agents: number;
  /** `agents.documents` of the scenario. */
  readonly documents: number;
  readonly seed: string;
  readonly log: (line: string) => void;
}

export interface GroveKillTally {
  kills: number;
  /** Memories that agents had acknowledged before a kill, as noted outside of the browser. */
  acked: number;
  /** Agents of whose acknowledged memories some were missing or others than before, added up over all openings. */
  lost: number;
  pass: boolean;
  readonly problems: string[];
}

type Acked = AgentView['acked'];

const agentIds = (n: number): string[] =>
  Array.from({ length: n }, (_, i) => `a${String(i).padStart(3, '0')}`);

/** The longest that an opening with its check and a kill may take: a page that hangs must not hang whoever waits for it. */
const VISIT_MS = 200_000;

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`a visit took longer than ${ms / 1_000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Notes outside of the browser what each agent says is acknowledged, again and again, until told to stop. */
function watch(page: ChromiumProcess['page'], ids: readonly string[], noted: Map<string, Acked>): () => void {
  let on = true;
  void (async () => {
    while (on)
      for (const id of ids) {
        // The kill comes in the middle of a question: what was not answered was not promised.
        const acked = await page
          .evaluate(async (agent) => (await window.treering.inspect(agent))?.acked ?? null, id)
          .catch(() => null);
        if (!on) return;
        if (acked) noted.set(id, acked);
      }
  })();
  return () => (on = false);
}

const snapshot = (page: ChromiumProcess['page']): Promise<GroveSnapshot> =>
  page.evaluate(() => window.treering.snapshot());

async function untilReady(page: ChromiumProcess['page'], agents: number): Promise<GroveSnapshot> {
  await page.waitForFunction(() => 'treering' in window);
  for (let tries = 0; tries < 600; tries++) {
    const seen = await snapshot(page);
    if (seen.phase === 'running' && seen.progress.agentsReady === agents) return seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the agents did not get ready within a minute');
}

/** Crash memory as the page saves it, read outside of the browser: how many of the acknowledged memories are not in it. */
async function missing(page: ChromiumProcess['page'], noted: ReadonlyMap<string, Acked>): Promise<string[]> {
  const encoded = await page.evaluate(async () => {
    const file = await window.treering.exportMemory();
    const reader = new FileReader();
    reader.readAsDataURL(file);
    await new Promise((resolve) => (reader.onload = resolve));
    return (reader.result as string).split(',')[1]!;
  });
  const bytes = new Uint8Array(Buffer.from(encoded, 'base64'));
  const logs = new Map([...noted.keys()].map((id) => [id, new LogReader(agentOwner(id))]));
  await readMemoryFile(
    (at, length) => Promise.resolve(bytes.slice(at, at + length)),
    bytes.length,
    (block) => {
      for (const log of logs.values()) log.take(block);
    },
  );
  const wrong: string[] = [];
  for (const [id, { seq, fingerprint }] of noted) {
    const memory = createAgentMemory({ ...memoryOptions.fallback!(), rushBytesPerAgent: 1e9 });
    // Throws for a log with a number left out.
    replayAgentLog(memory, logs.get(id)!.texts);
    if (memory.size < seq)
      wrong.push(`${id}: ${seq - memory.size} of ${seq} acknowledged memories are missing`);
    else if (memory.fingerprint(seq) !== fingerprint)
      wrong.push(`${id}: its first ${seq} memories are not those that were acknowledged`);
  }
  return wrong;
}

/**
 * The real page with a whole grove under questions, killed with SIGKILL at moments drawn by the seed. After each reopening
 * every memory that an agent had said to be acknowledged must be in crash memory, as it was.
 */
export async function groveKills(options: GroveKillOptions): Promise<GroveKillTally> {
  const { kills, agents, documents, seed, log } = options;
  const tally: GroveKillTally = { kills: 0, acked: 0, lost: 0, pass: false, problems: [] };
  const rng = createRng(`${seed}/grove`);
  const profile = await mkdtemp(join(tmpdir(), 'treering-grove-'));
  const scenario = {
    name: 'kills',
    resume: true,
    agents: { count: agents, documents },
    load: { questionsPerS: 20 },
  };
  const url = `${options.url}#scenario=${encodeURIComponent(JSON.stringify(scenario))}`;
  const noted = new Map<string, Acked>();
  let browser = null as ChromiumProcess | null;
  const visit = async (i: number): Promise<void> => {
    const own = await startChromium(options.executablePath, options.flags, profile);
    browser = own;
    const { page } = own;
    page.on('pageerror', (error) => tally.problems.push(`the page threw: ${error.message}`));
    await page.goto(url);
    const ready = await untilReady(page, agents);
    if (i > 0) {
      if (ready.resumed === null) tally.problems.push(`after kill ${i} the grove did not resume`);
      if (ready.vitalSigns.crash.lost > 0)
        tally.problems.push(`the page itself counts ${ready.vitalSigns.crash.lost} lost`);
      const wrong = await missing(page, noted);
      tally.lost += wrong.length;
      tally.problems.push(...wrong);
      log(`grove: ${i} of ${kills} kills, ${tally.lost} agents lost something`);
    }
    if (i === kills) return;
    // Agents commit what they were planted with some seconds after their start, and what they hear all the time.
    const stop = watch(page, agentIds(agents), noted);
    await new Promise((resolve) => setTimeout(resolve, (i === 0 ? 9_000 : 1_000) + rng.next() * 4_000));
    stop();
    await own.kill();
    tally.kills++;
    tally.acked = [...noted.values()].reduce((sum, { seq }) => sum + seq, 0);
  };
  try {
    for (let i = 0; i <= kills; i++) await within(VISIT_MS, visit(i));
    await browser?.close();
    browser = null;
  } catch (e) {
    tally.problems.push(`it ended early: ${e instanceof Error ? e.message : String(e)}`);
  } finally {
    await browser?.kill();
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
  tally.pass = tally.problems.length === 0 && tally.lost === 0 && tally.kills === kills && tally.acked > 0;
  return tally;
}

/** The tally as a Markdown table, problems below. */
export const groveMarkdown = ({ kills, acked, lost, problems }: GroveKillTally): string =>
  [
    '| a whole grove | |',
    '| --- | ---: |',
    `| pages with their agents killed | ${kills} |`,
    `| memories acknowledged before the last kill | ${acked} |`,
    `| agents that lost an acknowledged memory | ${lost} |`,
    ...(problems.length > 0 ? ['', ...problems.map((p) => `- ${p}`)] : []),
  ].join('\n');
