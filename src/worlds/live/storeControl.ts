import { committedSeq } from '../../agents/agentLog.ts';
import { auditEntry, primeLedger } from '../../agents/audit.ts';
import { agentOwner, nodeOwner, replayNodeLog } from '../../agents/nodeLog.ts';
import { holeText } from '../../agents/hole.ts';
import { Ledger, type LedgerTotals } from '../../bus/ledger.ts';
import type { CrashMemoryView } from '../../fleet/views.ts';
import type { Result } from '../../kernel/result.ts';
import { createCrashStore, type CrashStore } from '../../memory/crashStore.ts';
import type { JournalError, JournalPort } from '../../memory/journal.ts';
import { createJournalWriter, type JournalWriter } from '../../memory/journalWriter.ts';
import type { DamagedBlock } from '../../memory/segment.ts';
import { Histogram } from '../../metrics/histogram.ts';
import { openIdbSegmentStore, type IdbSegmentStore } from './idbSegmentStore.ts';
import { serveJournal } from './journalPort.ts';
import { createLiveEnv } from './liveEnv.ts';
import { checkMemoryFile, exportMemory, importMemory, type Progress } from './memoryTransfer.ts';
import { openOpfsMirror, removeOpfsMirror } from './opfsMirror.ts';

/** The owner under which the grove itself keeps what it needs to resume. */
export const GROVE_OWNER = 'grove';

/** How crash memory is opened. */
export interface StoreOptions {
  readonly groupCommitMs: number;
  readonly durability: 'strict' | 'relaxed';
  /**
   * The name of the opening that ended well as far as the page knows; null when none did. Any other name in the database
   * means that the browser may have crashed, and its log is rotated.
   */
  readonly cleanEnd: string | null;
  /** Nodes of the grove that asks, the gate not counted; whose logs a damaged segment may have had. */
  readonly nodes?: number;
}

/** The Comlink contract of the crash-memory worker: the one writer, with the ledger listening to what it commits. */
export interface StoreControl {
  /** Opens the database and reads it; returns how many texts it holds. Rejects with a sentence. */
  open(database: string, epochMs: number, options: StoreOptions): Promise<{ entries: number }>;
  /** What the grove kept of itself; empty when there is nothing. */
  readGrove(): Promise<readonly string[]>;
  /** Replaces what the grove keeps of itself. */
  writeGrove(texts: readonly string[]): Promise<void>;
  /** Removes everything. */
  forget(): Promise<void>;
  /** Takes messages under way of an earlier visit into the ledger; returns how many. */
  carryOver(nodes: number): Promise<number>;
  /** Serves a node's incarnation on that port, and refuses all lower ones from now on. */
  connect(node: number, inc: number, port: MessagePort): void;
  ledger(): LedgerTotals;
  /** Per agent: the highest memory number committed since `open`; 0 for none. */
  committed(agents: readonly string[]): number[];
  /** How crash memory is; null before it is open. */
  view(): Promise<CrashMemoryView | null>;
  /** Everything in one file; acks wait meanwhile. Rejects with a sentence, also when `cancel` was called. */
  exportFile(progress: Progress): Promise<Blob>;
  /** Reads a file to its end without taking anything over; what the grove in it kept of itself. Needs no `open`. */
  checkFile(file: Blob, progress: Progress): Promise<{ entries: number; grove: readonly string[] }>;
  /** Takes over a file in place of what there is: all of it or, with a sentence, nothing. */
  importFile(file: Blob, progress: Progress): Promise<void>;
  /** Ends the export, check or import under way. */
  cancel(): void;
  /** Lets go of database and mirror. */
  close(): void;
  /** Deletes the database, and the mirror with it. */
  destroy(database: string): Promise<void>;
}

const promised = <T>(run: (done: (r: Result<T, JournalError>) => void) => void): Promise<T> =>
  new Promise((resolve, reject) => {
    run((r) => (r.ok ? resolve(r.value) : reject(new Error(r.error.message))));
  });

/** Whose logs may have a hole: of a segment that does not even tell whose it was, everybody's. */
function holedOwners(damaged: readonly DamagedBlock[], known: readonly string[], nodes: number): string[] {
  const all = new Set<string>();
  for (const { owners } of damaged)
    for (const owner of owners ?? [...known, GROVE_OWNER, ...allNodes(nodes)]) all.add(owner);
  return [...all];
}

const allNodes = (nodes: number): string[] => Array.from({ length: nodes + 1 }, (_, i) => nodeOwner(i));

interface Opened {
  readonly database: IdbSegmentStore;
  readonly store: CrashStore;
  readonly writer: JournalWriter;
  readonly own: JournalPort;
  readonly rotated: boolean;
  readonly openMs: number;
  readonly commits: Histogram;
  close(): void;
}

export function createStoreControl(): StoreControl {
  const ledger = new Ledger();
  /** Highest memory number that was committed, by agent. */
  const committed = new Map<string, number>();
  let now = (): number => 0;
  let held: Opened | null = null;
  let cancelled = { now: false };
  const opened = (): Opened => {
    if (!held) throw new Error('crash memory is not open');
    return held;
  };
  const begin = (): { now: boolean } => (cancelled = { now: false });
  return {
    async open(name, epochMs, options) {
      const beganMs = performance.now();
      const [database, mirror] = await Promise.all([
        openIdbSegmentStore(name, options.durability),
        openOpfsMirror(name),
      ]);
      const { sessionBefore } = database;
      const rotated = sessionBefore !== null && sessionBefore !== options.cleanEnd;
      const env = createLiveEnv(epochMs, 'store');
      now = () => env.now();
      const store = createCrashStore(database, mirror.mirror, {
        strict: options.durability === 'strict',
        newId: () => crypto.randomUUID(),
        noMirror: mirror.problem,
      });
      const commits = new Histogram();
      const timed: typeof store = {
        ...store,
        write(put, remove, done) {
          const from = performance.now();
          store.write(put, remove, (r) => {
            if (r.ok) commits.record(performance.now() - from);
            done(r);
          });
        },
      };
      const writer = createJournalWriter(env, timed, options, (owner, read) => {
        if (owner.startsWith('node/')) auditEntry(ledger, owner, read(), env.now());
        else {
          const seq = committedSeq(read());
          if (seq > 0) committed.set(owner, Math.max(seq, committed.get(owner) ?? 0));
        }
      });
      const ready = promised<{ readonly entries: number }>((done) => writer.ready(done));
      const { entries } = await ready;
      // After the reading, which it would hold up, and before the first ack, which would be at risk.
      if (rotated) database.rotateLog();
      const own = writer.session(-1, 1);
      const hurt = holedOwners(store.report().damaged, writer.owners(), options.nodes ?? 0);
      if (hurt.length > 0)
        await promised((done) =>
          own.append(
            hurt.map((owner) => ({ owner, text: holeText(owner, Date.now()) })),
            done,
          ),
        );
      held = {
        database,
        store,
        writer,
        own,
        rotated,
        openMs: performance.now() - beganMs,
        commits,
        close() {
          database.close();
          mirror.close();
        },
      };
      return { entries };
    },
    async readGrove() {
      const [texts] = await promised<readonly (readonly string[])[]>((done) =>
        opened().own.load([GROVE_OWNER], done),
      );
      return texts ?? [];
    },
    writeGrove: async (texts) => {
      await promised((done) => opened().own.checkpoint(GROVE_OWNER, texts, done));
    },
    forget: async () => {
      await promised((done) => opened().writer.forget(done));
    },
    async carryOver(nodes) {
      const logs = await promised<readonly (readonly string[])[]>((done) =>
        opened().own.load(allNodes(nodes), done),
      );
      return primeLedger(
        ledger,
        logs.map((log) => replayNodeLog(log)),
        now(),
      );
    },
    connect(node, inc, port) {
      serveJournal(port, opened().writer.session(node, inc));
    },
    ledger: () => ledger.totals(now()),
    committed: (agents) => agents.map((id) => committed.get(agentOwner(id)) ?? 0),
    async view() {
      if (!held) return null;
      const { database, store, writer, rotated, openMs, commits } = held;
      const [aside, { usage = 0, quota = 0 }] = await Promise.all([
        database.countAside(),
        navigator.storage.estimate(),
      ]);
      const stats = writer.stats();
      const found = store.report();
      return {
        session: database.session,
        records: stats.storedEntries,
        bytes: stats.storedBytes,
        segments: stats.segments,
        commits: stats.commits,
        lastCommitMs: stats.lastCommitMs,
        commitP50Ms: commits.quantile(0.5),
        commitP99Ms: commits.quantile(0.99),
        noRoom: stats.noRoom,
        waiting: stats.waiting,
        waitingBytes: stats.waitingBytes,
        mirror: { problem: found.mirrorProblem, bytes: found.mirrorBytes },
        origin: found.origin,
        healedSegments: found.healedBlocks,
        damaged: found.damaged,
        setAside: aside,
        rotatedLog: rotated,
        formatFound: database.formatFound,
        openMs,
        usageBytes: usage,
        quotaBytes: quota,
        persisted: null,
        transfer: null,
      };
    },
    exportFile: (progress) => exportMemory(opened(), progress, begin()),
    checkFile: (file, progress) => checkMemoryFile(file, GROVE_OWNER, progress, begin()),
    importFile: (file, progress) => importMemory(opened(), file, progress, begin()),
    cancel: () => void (cancelled.now = true),
    close() {
      held?.close();
      held = null;
    },
    async destroy(name) {
      held?.close();
      held = null;
      await (await openIdbSegmentStore(name)).destroy();
      await removeOpfsMirror(name);
    },
  };
}
