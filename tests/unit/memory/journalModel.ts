import type { Result } from '../../../src/kernel/result.ts';
import { createJournalWriter, type JournalWriter } from '../../../src/memory/journalWriter.ts';
import { createCrashStore } from '../../../src/memory/crashStore.ts';
import type { BlockDatabase, BlockStore } from '../../../src/memory/blockStore.ts';
import type { JournalError, JournalPort } from '../../../src/memory/journal.ts';
import { openMirrorLog, type Mirror } from '../../../src/memory/mirrorLog.ts';
import { createMemoryFile, damage, type MemoryFile } from '../../harness/blocks.ts';
import { createMemoryDatabase, type MemoryDatabase } from '../../harness/memoryDatabase.ts';
import { createSyncEnv, type SyncEnv } from '../../harness/syncEnv.ts';

/** One step of a random history. Nodes own the owners of their number, so that a fence concerns whole logs. */
export type Step =
  | {
      readonly type: 'append';
      readonly node: number;
      readonly owners: readonly number[];
      readonly stale: boolean;
    }
  | {
      readonly type: 'checkpoint';
      readonly node: number;
      readonly owner: number;
      readonly texts: number;
      readonly stale: boolean;
    }
  | { readonly type: 'restart'; readonly node: number }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'failWrites'; readonly count: number }
  /** The disk has no room: for the database, or for so many bytes of the mirror; and then it has again. */
  | { readonly type: 'full'; readonly database: boolean; readonly mirrorBytes: number }
  | { readonly type: 'room' }
  | { readonly type: 'forget' }
  /** What a crash does beside ending the process: the browser loses the database, or one bit of it. */
  | { readonly type: 'crash'; readonly harm: 'none' | 'wipe' | 'damage'; readonly bit: number };

/** What is under test: the writer and its store, or one of them broken on purpose. */
export interface Subject {
  readonly wrapDatabase: (database: BlockDatabase, env: SyncEnv) => BlockDatabase;
  readonly openStore: (database: BlockDatabase, mirror: Mirror) => BlockStore;
  readonly openSession: (writer: JournalWriter, node: number, incarnation: number) => JournalPort;
  readonly wrapPort: (port: JournalPort) => JournalPort;
}

export const honest: Subject = {
  wrapDatabase: (database) => database,
  openStore: (database, mirror) =>
    createCrashStore(database, mirror, { strict: true, newId: () => `born ${Math.random()}` }),
  openSession: (writer, node, incarnation) => writer.session(node, incarnation),
  wrapPort: (port) => port,
};

const OPTIONS = { groupCommitMs: 2, segmentBytes: 60, tailSegments: 4, cacheBytes: 100 };
/** So small that the mirror's files take turns many times in a history. */
const MIRROR = { garbageBytes: 1_000, sliceBytes: 200 };
const ownerName = (node: number, owner: number): string => `node/${node}/${owner}`;

/** A change that was asked for: whether it must, must not or may be found is decided by what was answered. */
interface Change {
  readonly node: number;
  readonly owner: string;
  readonly texts: readonly string[];
  readonly replaces: boolean;
  readonly group: number;
  outcome: 'acked' | 'refused' | 'open';
}

/**
 * Runs a history against the subject and returns what is wrong, empty when nothing is. The model knows nothing of
 * segments: the log of an owner is what its acked changes say, in the order in which they were asked for.
 */
export function runHistory(steps: readonly Step[], subject: Subject, answersLate = false): string[] {
  const problems: string[] = [];
  const env = createSyncEnv();
  let store: MemoryDatabase = createMemoryDatabase(env);
  let files: [MemoryFile, MemoryFile] = [createMemoryFile(), createMemoryFile()];
  const onDisk = (): BlockStore =>
    subject.openStore(subject.wrapDatabase(store, env), openMirrorLog(files, MIRROR));
  store.answersLate = answersLate;
  let writer: JournalWriter;
  const incarnations = [1, 1];
  let ports: JournalPort[] = [];
  let stale: JournalPort[] = [];
  let changes: Change[] = [];
  let tapped: string[] = [];
  let ackedTexts: string[] = [];
  let serial = 0;
  let lives = 1;

  const port = (node: number): JournalPort =>
    subject.wrapPort(subject.openSession(writer, node, incarnations[node]!));
  const open = (): void => {
    writer = createJournalWriter(env, onDisk(), OPTIONS, (_owner, read) => tapped.push(read()));
    writer.ready((r) => {
      if (!r.ok) problems.push(`not ready: ${r.error.message}`);
    });
    ports = incarnations.map((_, node) => port(node));
    stale = [...ports];
  };
  const settle = (): void => env.advance(1_000);

  const answered =
    (group: number, isStale: boolean) =>
    (r: Result<void, JournalError>): void => {
      const own = changes.filter((c) => c.group === group);
      if (own.some((c) => c.outcome !== 'open')) problems.push(`change ${group} was answered twice`);
      if (isStale && r.ok) problems.push(`change ${group} of a fenced session was acked`);
      for (const change of own) {
        change.outcome = r.ok ? 'acked' : 'refused';
        if (r.ok) ackedTexts.push(...change.texts);
      }
    };

  /** What an owner's log is when those changes count. */
  const expectedLog = (owner: string, counted: (c: Change) => boolean): string[] => {
    let log: string[] = [];
    for (const change of changes) {
      if (change.owner !== owner || !counted(change)) continue;
      log = change.replaces ? [...change.texts] : [...log, ...change.texts];
    }
    return log;
  };

  /**
   * After a crash: what was not answered may be there or not, but each node's changes as a prefix of what it asked for.
   * Whatever of it is found is as good as acked from now on; the rest is gone.
   */
  const adopt = (unanswered: readonly Change[]): void => {
    incarnations.forEach((_, node) => {
      const own = unanswered.filter((c) => c.node === node);
      const owners = [0, 1].map((owner) => ownerName(node, owner));
      const groups = [...new Set(own.map((c) => c.group))];
      ports[node]!.load(owners, (r) => {
        const found = JSON.stringify(r.ok ? r.value : r.error);
        const survived = [...groups.keys(), groups.length].find((n) => {
          const kept = new Set(groups.slice(0, n));
          const logs = owners.map((owner) =>
            expectedLog(owner, (c) => c.outcome === 'acked' || kept.has(c.group)),
          );
          return JSON.stringify(logs) === found;
        });
        if (survived === undefined) problems.push(`after a crash: no history gives ${found}`);
        const kept = new Set(groups.slice(0, survived));
        for (const change of own) change.outcome = kept.has(change.group) ? 'acked' : 'refused';
      });
      settle();
    });
  };

  const check = (when: string): void => {
    incarnations.forEach((_, node) => {
      const owners = [0, 1].map((owner) => ownerName(node, owner));
      let answers = 0;
      ports[node]!.load(owners, (r) => {
        answers++;
        if (!r.ok) {
          problems.push(`${when}: load failed: ${r.error.message}`);
          return;
        }
        owners.forEach((owner, i) => {
          const found = JSON.stringify(r.value[i]);
          const wanted = JSON.stringify(expectedLog(owner, (c) => c.outcome === 'acked'));
          if (found !== wanted) problems.push(`${when}: ${owner} is ${found}, acked were ${wanted}`);
        });
      });
      if (answers > 0) problems.push(`${when}: load answered inside the call`);
      settle();
      if (answers !== 1) problems.push(`${when}: load was answered ${answers} times`);
    });
  };

  const giveRoom = (): void => {
    store.full = false;
    for (const file of files) file.room = Infinity;
  };
  /** What is acked is served, whatever waits for room. */
  const checkServed = (): void => {
    const owners = [0, 1].flatMap((n) => [0, 1].map((owner) => ownerName(n, owner)));
    let answered = false;
    writer.session(50, 1).load(owners, (r) => {
      answered = true;
      const found = r.ok ? JSON.stringify(r.value) : r.error.message;
      const wanted = JSON.stringify(owners.map((o) => expectedLog(o, (c) => c.outcome === 'acked')));
      if (found !== wanted) problems.push(`while full: ${found} is served, acked were ${wanted}`);
    });
    settle();
    if (!answered) problems.push('while full: a load was not answered');
  };

  open();
  for (const step of steps) {
    switch (step.type) {
      case 'append': {
        const group = ++serial;
        const isStale = step.stale && stale[step.node] !== ports[step.node];
        const entries = step.owners.map((owner) => ({
          owner: ownerName(step.node, owner),
          text: `t${++serial}`,
        }));
        for (const { owner, text } of entries)
          changes.push({ node: step.node, owner, texts: [text], replaces: false, group, outcome: 'open' });
        (isStale ? stale : ports)[step.node]!.append(entries, answered(group, isStale));
        break;
      }
      case 'checkpoint': {
        const group = ++serial;
        const isStale = step.stale && stale[step.node] !== ports[step.node];
        const owner = ownerName(step.node, step.owner);
        const texts = Array.from({ length: step.texts }, () => `c${++serial}`);
        changes.push({ node: step.node, owner, texts, replaces: true, group, outcome: 'open' });
        (isStale ? stale : ports)[step.node]!.checkpoint(owner, texts, answered(group, isStale));
        break;
      }
      case 'restart': {
        stale[step.node] = ports[step.node]!;
        incarnations[step.node]!++;
        ports[step.node] = port(step.node);
        // What the new session loads is final: nothing of the old one may turn up afterwards.
        const owners = [0, 1].map((owner) => ownerName(step.node, owner));
        const before = changes.filter((c) => c.node === step.node && c.outcome === 'open');
        const life = lives;
        ports[step.node]!.load(owners, (r) => {
          // The callbacks of a process that has crashed since are nobody's.
          // Neither is the answer that the session was fenced by a still newer one.
          if (life !== lives || !r.ok) return;
          if (before.some((c) => c.outcome === 'open'))
            problems.push('load came before older writes were settled');
          owners.forEach((owner, i) => {
            const wanted = JSON.stringify(expectedLog(owner, (c) => c.outcome === 'acked'));
            if (JSON.stringify(r.value[i]) !== wanted)
              problems.push(`restart: ${owner} is ${JSON.stringify(r.value[i])}, acked were ${wanted}`);
          });
        });
        break;
      }
      case 'wait':
        env.advance(step.ms);
        break;
      case 'failWrites':
        store.failWrites = step.count;
        break;
      case 'full':
        settle();
        store.failWrites = 0;
        store.full = step.database;
        for (const file of files) file.room = step.mirrorBytes;
        break;
      case 'room':
        if (!store.full && files.every((file) => file.room === Infinity)) break;
        checkServed();
        giveRoom();
        break;
      case 'forget':
        store.failWrites = 0;
        giveRoom();
        settle();
        settle();
        writer!.forget((r) => {
          if (r.ok) changes = [];
          else problems.push(`forget failed: ${r.error.message}`);
        });
        settle();
        break;
      case 'crash': {
        // The process is gone in the middle of whatever it was doing; a new one finds the durable contents.
        env.flush();
        giveRoom();
        const left = step.harm === 'wipe' ? [] : store.contents();
        const harmed =
          step.harm === 'damage' ? left.map((b, i) => (i === 0 ? damage(b, step.bit) : b)) : left;
        const marker = step.harm === 'wipe' ? null : store.marker;
        store.cut();
        files = files.map((file) => file.cutAt((step.bit % 100) / 100)) as typeof files;
        lives++;
        store = createMemoryDatabase(env, harmed, marker);
        store.answersLate = answersLate;
        const unanswered = changes.filter((c) => c.outcome === 'open');
        changes = changes.filter((c) => c.outcome !== 'refused');
        ackedTexts = [];
        tapped = [];
        open();
        settle();
        adopt(unanswered);
        check('after a crash');
      }
    }
  }
  giveRoom();
  settle();
  settle();
  if (changes.some((c) => c.outcome === 'open')) problems.push('a change was never answered');
  if (JSON.stringify(tapped) !== JSON.stringify(ackedTexts))
    problems.push(`the tap heard ${JSON.stringify(tapped)}, acked were ${JSON.stringify(ackedTexts)}`);
  check('at the end');
  const again = createSyncEnv();
  const reopened = createMemoryDatabase(again, store.contents(), store.marker);
  const reader = createJournalWriter(
    again,
    subject.openStore(subject.wrapDatabase(reopened, again), openMirrorLog(files, MIRROR)),
    OPTIONS,
  );
  reader.ready(() => {});
  const names = [0, 1].flatMap((node) => [0, 1].map((owner) => ownerName(node, owner)));
  reader.session(99, 1).load(names, (r) => {
    names.forEach((owner, i) => {
      const found = r.ok ? JSON.stringify(r.value[i]) : r.error.message;
      const wanted = JSON.stringify(expectedLog(owner, (c) => c.outcome === 'acked'));
      if (found !== wanted) problems.push(`reopened: ${owner} is ${found}, acked were ${wanted}`);
    });
  });
  again.advance(1_000);
  return problems;
}
