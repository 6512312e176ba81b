import { committedSeq } from '../../agents/agentLog.ts';
import { auditEntry, primeLedger } from '../../agents/audit.ts';
import { agentOwner, nodeOwner } from '../../agents/nodeLog.ts';
import { replayNodeLog } from '../../agents/node.ts';
import { Ledger, type LedgerTotals } from '../../bus/ledger.ts';
import type { Result } from '../../kernel/result.ts';
import type { JournalError, JournalPort } from '../../memory/journal.ts';
import { createJournalWriter, type JournalStats, type JournalWriter } from '../../memory/journalWriter.ts';
import { openIdbSegmentStore } from './idbSegmentStore.ts';
import { createLiveEnv } from './liveEnv.ts';
import { serveJournal } from './remotePorts.ts';

/** The owner under which the grove itself keeps what it needs to resume. */
const GROVE_OWNER = 'grove';

/** The Comlink contract of the crash-memory worker: the one writer, with the ledger listening to what it commits. */
export interface StoreControl {
  /** Opens the database and reads it; returns how many texts it holds. Rejects with a sentence. */
  open(database: string, epochMs: number, groupCommitMs: number): Promise<{ entries: number }>;
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
  stats(): JournalStats;
}

const promised = <T>(run: (done: (r: Result<T, JournalError>) => void) => void): Promise<T> =>
  new Promise((resolve, reject) => {
    run((r) => (r.ok ? resolve(r.value) : reject(new Error(r.error.message))));
  });

export function createStoreControl(): StoreControl {
  const ledger = new Ledger();
  /** Highest memory number that was committed, by agent. */
  const committed = new Map<string, number>();
  let now = (): number => 0;
  let writer: JournalWriter | null = null;
  let own: JournalPort | null = null;
  const opened = (): { writer: JournalWriter; own: JournalPort } => {
    if (!writer || !own) throw new Error('crash memory is not open');
    return { writer, own };
  };
  return {
    async open(database, epochMs, groupCommitMs) {
      const store = await openIdbSegmentStore(database);
      const env = createLiveEnv(epochMs, 'store');
      now = () => env.now();
      const created = createJournalWriter(env, store, { groupCommitMs }, (owner, text) => {
        auditEntry(ledger, owner, text, env.now());
        const seq = committedSeq(text);
        if (seq > 0) committed.set(owner, seq);
      });
      const { entries } = await promised<{ readonly entries: number }>((done) => created.ready(done));
      writer = created;
      own = created.session(-1, 1);
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
      const owners = Array.from({ length: nodes + 1 }, (_, i) => nodeOwner(i));
      const logs = await promised<readonly (readonly string[])[]>((done) => opened().own.load(owners, done));
      return primeLedger(ledger, logs.map(replayNodeLog), now());
    },
    connect(node, inc, port) {
      serveJournal(port, opened().writer.session(node, inc));
    },
    ledger: () => ledger.totals(now()),
    committed: (agents) => agents.map((id) => committed.get(agentOwner(id)) ?? 0),
    stats: () => opened().writer.stats(),
  };
}
