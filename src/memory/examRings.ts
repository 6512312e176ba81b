import type { Examinee, ExamZone, Learned } from './exam.ts';
import { AGENT_MEMORY } from './examMetrics.ts';
import { createAgentMemory } from './agentMemory.ts';
import type { AgentMemory } from './agentMemoryTypes.ts';
import type { ExamGroup } from './examTypes.ts';
import type { MemoryOptions } from './options.ts';
import { analyse } from './text.ts';

/** Time that passes between two entries of a ring, between two rings, and between two questions. */
const ENTRY_MS = 1_000;
const RING_MS = 86_400_000;
const QUESTION_MS = 6_000;
/** A group that is all of one ring is remembered over so many days. */
const DAYS = 10;

/** Room for any data set that fits into a tab: the growth rings of one agent take all of it. */
const EXAM_BYTES = 2_147_483_648;

/** The options with room for everything in the growth rings, while rush memory and core hold as many bytes as before. */
function roomy(options: MemoryOptions): MemoryOptions {
  const scale = Math.min(1, options.rushBytesPerAgent / EXAM_BYTES);
  return {
    ...options,
    rushBytesPerAgent: Math.max(EXAM_BYTES, options.rushBytesPerAgent),
    rushShare: options.rushShare * scale,
    coreShare: options.coreShare * scale,
    growthShare: options.growthShare < 1 ? options.growthShare * scale : 1,
  };
}

/**
 * The memory that agents have, with its rings: entries are remembered one a second, in rush memory first; between two
 * rings of the data set (sessions, articles) a day passes, in which it consolidates, or after every tenth of the entries
 * where there is only one ring; questions follow, one every 6 s, each noting the first memory found as recalled, whatever
 * the labels say. So an exam's figures by zone are of memories that came there by the law of the rings. Time is only
 * counted, so the result is the same every time.
 */
export function ringsExaminee(options: MemoryOptions): Examinee {
  return { name: AGENT_MEMORY, learn: (group) => takeUp(createAgentMemory(roomy(options)), group, options) };
}

function takeUp(memory: AgentMemory, group: ExamGroup, { consolidateMs }: MemoryOptions): Learned {
  let nowMs = 0;
  let consolidatedMs = 0;
  /** By number: the place of its entry. */
  const places: number[] = [];
  /** By place: its number, 0 where there was no room. */
  const seqs: number[] = [];

  /** Lets time pass as an agent does: it consolidates at most once in `consolidateMs`, and rests when nothing is due. */
  function pass(ms: number): void {
    const untilMs = nowMs + ms;
    while (consolidatedMs + consolidateMs <= untilMs) {
      consolidatedMs = Math.max(consolidatedMs + consolidateMs, nowMs);
      memory.consolidate(consolidatedMs);
      // What cools is due at the end of this time at the latest: nothing is missed by looking only then.
      if (memory.takeMoves().length === 0) consolidatedMs = Math.max(consolidatedMs, untilMs - consolidateMs);
    }
    nowMs = untilMs;
  }

  const { entries } = group;
  const isOneRing = entries.every((entry) => entry.ring === entries[0]!.ring);
  const day = (place: number): number | string =>
    isOneRing ? Math.floor((DAYS * place) / entries.length) : entries[place]!.ring;
  entries.forEach((entry, place) => {
    pass(place === 0 || day(place) === day(place - 1) ? ENTRY_MS : RING_MS);
    const remembered = memory.remember({
      kind: 'exchange',
      text: entry.text,
      speaker: entry.speaker,
      date: entry.date,
      ring: entry.ring === '' ? group.id : entry.ring,
      thread: entry.ring === '' ? group.id : entry.ring,
      source: '',
      atMs: nowMs,
    });
    memory.takeMoves();
    seqs.push(remembered.ok ? remembered.value.seq : 0);
    if (remembered.ok) places[remembered.value.seq] = place;
  });
  pass(consolidateMs);

  return {
    ask(question, k) {
      pass(QUESTION_MS);
      const hits = memory.recall(memory.localWeights(analyse(question)), k, {
        text: question,
        spelling: true,
      });
      memory.noteRecalled(
        hits.slice(0, 1).map((hit) => hit.record.seq),
        nowMs,
      );
      memory.takeMoves();
      return hits.map((hit) => places[hit.record.seq]!);
    },
    zoneOf: (place) => (memory.zoneOf(seqs[place]!) ?? 'not remembered') as ExamZone,
  };
}
