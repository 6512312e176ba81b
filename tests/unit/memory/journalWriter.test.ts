import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ok, type Result } from '../../../src/kernel/result.ts';
import { createCrashStore } from '../../../src/memory/crashStore.ts';
import { createJournalWriter, type JournalWriter } from '../../../src/memory/journalWriter.ts';
import type { JournalError, JournalPort } from '../../../src/memory/journal.ts';
import type { Block } from '../../../src/memory/blockStore.ts';
import { wholeRun } from '../../../src/memory/packedEntries.ts';
import { buildSegment, readSegment } from '../../../src/memory/segment.ts';
import { blockOf, textsOf } from '../../harness/blocks.ts';
import { createMemoryDatabase, type MemoryDatabase } from '../../harness/memoryDatabase.ts';
import { createSyncEnv, type SyncEnv } from '../../harness/syncEnv.ts';
import { honest, runHistory, type Step, type Subject } from './journalModel.ts';

function withoutReplaces(block: Block): Block {
  return buildSegment(block.position, wholeRun(readSegment(block).entries), []);
}

const node = fc.integer({ min: 0, max: 1 });
const owner = fc.integer({ min: 0, max: 1 });
const stale = fc.boolean();
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('append' as const),
      node,
      owners: fc.array(owner, { maxLength: 3 }),
      stale,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('checkpoint' as const),
      node,
      owner,
      texts: fc.integer({ min: 0, max: 3 }),
      stale,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('restart' as const), node }) },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 5 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('failWrites' as const), count: fc.integer({ min: 0, max: 2 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('full' as const),
      database: fc.boolean(),
      mirrorBytes: fc.constantFrom(Infinity, 0, 500, 3_000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'room' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'forget' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('crash' as const),
      harm: fc.constantFrom('none' as const, 'wipe' as const, 'damage' as const),
      bit: fc.nat(),
    }),
  },
);
const history = fc.array(step, { maxLength: 60, size: 'max' });

describe('crash memory under any history of writes, restarts, failing disks and crashes', () => {
  it('holds what was acked, in order, and nothing that was refused', () => {
    fc.assert(
      fc.property(history, fc.boolean(), (steps, answersLate) => {
        expect(runHistory(steps, honest, answersLate)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  const caught = (subject: Subject): boolean =>
    fc.check(
      fc.property(history, (steps) => runHistory(steps, subject).length === 0),
      { numRuns: 500, seed: 1 },
    ).failed;

  it('would be caught acking before the commit', () => {
    const eager: Subject = {
      ...honest,
      wrapDatabase: (store, env) => ({
        ...store,
        write(put, remove, done) {
          store.write(put, remove, () => {});
          env.defer(() => done(ok(undefined)));
        },
      }),
    };
    expect(caught(eager)).toBe(true);
  });

  it('would be caught ignoring checksums and mirror', () => {
    expect(caught({ ...honest, openStore: (database) => database })).toBe(true);
  });

  it('would be caught ignoring that the birth marker is gone', () => {
    let openings = 0;
    const unmarked: Subject = {
      ...honest,
      wrapDatabase: (database) => ({
        ...database,
        readMarker: (done) => done(ok(`some marker, the ${++openings}th`)),
      }),
    };
    expect(caught(unmarked)).toBe(true);
  });

  it('would be caught keeping no mirror', () => {
    const bare: Subject = {
      ...honest,
      openStore: (database) => createCrashStore(database, null, { strict: true, newId: () => 'x' }),
    };
    expect(caught(bare)).toBe(true);
  });

  it('would be caught ignoring the fence', () => {
    const fenceless: Subject = { ...honest, openSession: (writer, node) => writer.session(node, 1) };
    expect(caught(fenceless)).toBe(true);
  });

  it('would be caught dropping what is appended to a replaced owner', () => {
    const forgetful: Subject = {
      ...honest,
      wrapPort(port) {
        const replaced = new Set<string>();
        return {
          ...port,
          append: (entries, done) =>
            port.append(
              entries.filter((e) => !replaced.has(e.owner)),
              done,
            ),
          checkpoint(owner, texts, done) {
            replaced.add(owner);
            port.checkpoint(owner, texts, done);
          },
        };
      },
    };
    expect(caught(forgetful)).toBe(true);
  });

  it('would be caught acking what found no room', () => {
    const hopeful: Subject = {
      ...honest,
      openStore(database, mirror) {
        const store = honest.openStore(database, mirror);
        return {
          ...store,
          write: (put, remove, done) =>
            store.write(put, remove, (r) => done(!r.ok && r.error.reason === 'full' ? ok(undefined) : r)),
        };
      },
    };
    expect(caught(hopeful)).toBe(true);
  });

  it('would be caught leaving out what segments replace', () => {
    const amnesic: Subject = {
      ...honest,
      openStore(database, mirror) {
        const store = honest.openStore(database, mirror);
        return { ...store, write: (put, ...rest) => store.write(put.map(withoutReplaces), ...rest) };
      },
    };
    expect(caught(amnesic)).toBe(true);
  });
});

describe('the journal writer', () => {
  const setUp = (
    options: Partial<Parameters<typeof createJournalWriter>[2]> = {},
    initial: readonly Block[] = [],
  ): {
    env: SyncEnv;
    store: MemoryDatabase;
    writer: JournalWriter;
    port: JournalPort;
    tapped: string[];
  } => {
    const env = createSyncEnv();
    const store = createMemoryDatabase(env, initial);
    const tapped: string[] = [];
    const writer = createJournalWriter(env, store, { groupCommitMs: 2, ...options }, (owner, read) =>
      tapped.push(`${owner}:${read()}`),
    );
    writer.ready(() => {});
    env.advance(10);
    return { env, store, writer, port: writer.session(1, 1), tapped };
  };
  const text = (o: string, t: string): { owner: string; text: string }[] => [{ owner: o, text: t }];
  const note =
    (into: string[], name: string) =>
    (r: Result<unknown, JournalError>): void =>
      void into.push(`${name} ${r.ok ? 'ok' : r.error.reason}`);

  it('commits in one write what comes within the window, and acks in order', () => {
    const { env, store, port } = setUp();
    const said: string[] = [];
    port.append(text('a', '1'), note(said, 'first'));
    env.advance(1);
    port.append(text('b', '2'), note(said, 'second'));
    port.checkpoint('a', ['3'], note(said, 'third'));
    expect(store.writes).toHaveLength(0);
    env.advance(10);
    expect(store.writes).toHaveLength(1);
    expect(said).toEqual(['first ok', 'second ok', 'third ok']);
  });

  it('has one write under way at a time; what comes meanwhile goes together at once afterwards', () => {
    const { env, store, port } = setUp();
    store.delayMs = 10;
    const said: string[] = [];
    port.append(text('a', '1'), note(said, '1'));
    env.advance(5);
    for (const t of ['2', '3', '4']) port.append(text('a', t), note(said, t));
    env.advance(6);
    expect(said).toEqual([]);
    env.advance(1);
    expect(said).toEqual(['1 ok']);
    env.advance(10);
    expect(said).toEqual(['1 ok', '2 ok', '3 ok', '4 ok']);
    expect(store.writes).toHaveLength(2);
  });

  it('tells all writes of a group when the store fails, shows none of them, and goes on', () => {
    const { env, store, port, tapped } = setUp();
    const said: string[] = [];
    store.failWrites = 1;
    port.append(text('a', 'lost'), note(said, '1'));
    port.checkpoint('b', ['lost'], note(said, '2'));
    env.advance(10);
    port.append(text('a', 'kept'), note(said, '3'));
    env.advance(10);
    let loaded: unknown;
    port.load(['a', 'b'], (r) => (loaded = r));
    env.advance(10);
    expect(said).toEqual(['1 failed', '2 failed', '3 ok']);
    expect(loaded).toEqual(ok([['kept'], []]));
    expect(tapped).toEqual(['a:kept']);
  });

  it('refuses what a fenced session has queued, settles what is being written, and only then lets the new session load', () => {
    const { env, store, writer, port } = setUp();
    store.delayMs = 10;
    const said: string[] = [];
    port.append(text('a', 'in flight'), note(said, 'in flight'));
    env.advance(3);
    port.append(text('a', 'queued'), note(said, 'queued'));
    const next = writer.session(1, 2);
    port.append(text('a', 'late'), note(said, 'late'));
    port.load(['a'], note(said, 'late load'));
    expect(said).toEqual([]);
    let loaded: unknown;
    next.load(['a'], (r) => {
      said.push('load');
      loaded = r;
    });
    env.advance(100);
    expect(said).toEqual(['queued fenced', 'late fenced', 'late load fenced', 'in flight ok', 'load']);
    expect(loaded).toEqual(ok([['in flight']]));
  });

  it('leaves sessions of other nodes alone when one is fenced', () => {
    const { env, writer, port } = setUp();
    const said: string[] = [];
    port.append(text('a', '1'), note(said, 'other'));
    writer.session(2, 7);
    env.advance(10);
    expect(said).toEqual(['other ok']);
  });

  it('lets a session read what it wrote before, and not what it writes later', () => {
    const { env, port } = setUp();
    let loaded: unknown;
    port.append(text('a', 'before'), () => {});
    port.load(['a'], (r) => (loaded = r));
    port.append(text('a', 'after'), () => {});
    env.advance(100);
    expect(loaded).toEqual(ok([['before']]));
  });

  it('splits a big commit into segments and finds all of it again', () => {
    const { env, store, port } = setUp({ segmentBytes: 100 });
    const texts = Array.from({ length: 50 }, (_, i) => `entry ${i} `.repeat(2));
    port.append(
      texts.map((t) => ({ owner: 'a', text: t })),
      () => {},
    );
    env.advance(10);
    expect(store.contents().length).toBeGreaterThan(5);
    expect(store.writes).toHaveLength(1);
    let loaded: unknown;
    port.load(['a'], (r) => (loaded = r));
    env.advance(10);
    expect(loaded).toEqual(ok([texts]));
  });

  it('keeps the store small: replaced segments go, and many small commits become few segments', () => {
    const { env, store, port } = setUp({ tailSegments: 8 });
    for (let i = 0; i < 100; i++) {
      port.append(text('kept', `k${i}`), () => {});
      port.checkpoint('state', [`s${i}`], () => {});
      env.advance(10);
    }
    expect(store.contents().length).toBeLessThanOrEqual(9);
    const texts = textsOf(store.contents());
    expect(texts.length).toBeLessThan(100 + 10);
    port.checkpoint('kept', [], () => {});
    port.checkpoint('state', [], () => {});
    env.advance(10);
    expect(store.contents()).toEqual([]);
  });

  it('waits with what comes before the store was read', () => {
    const env = createSyncEnv();
    const store = createMemoryDatabase(env, [
      blockOf(7, [
        ['a', 'old'],
        ['b', 'other'],
      ]),
    ]);
    const writer = createJournalWriter(env, store, { groupCommitMs: 2 });
    const said: string[] = [];
    writer.session(1, 1).append(text('a', 'new'), note(said, 'append'));
    env.advance(100);
    expect(said).toEqual([]);
    let found: unknown;
    writer.ready((r) => (found = r));
    env.advance(100);
    expect(found).toEqual(ok({ entries: 2 }));
    expect(said).toEqual(['append ok']);
    expect(store.contents().map((s) => s.position)).toEqual([7, 8]);
  });

  it('refuses everything after the store could not be read, until it can', () => {
    const env = createSyncEnv();
    const store = createMemoryDatabase(env);
    store.failReads = 1;
    const writer = createJournalWriter(env, store, { groupCommitMs: 2 });
    const said: string[] = [];
    const port = writer.session(1, 1);
    port.append(text('a', '1'), note(said, 'early'));
    writer.ready(note(said, 'ready'));
    env.advance(10);
    port.append(text('a', '2'), note(said, 'then'));
    env.advance(10);
    writer.ready(note(said, 'again'));
    env.advance(10);
    port.append(text('a', '3'), note(said, 'after'));
    env.advance(10);
    expect(said).toEqual(['ready failed', 'early failed', 'then failed', 'again ok', 'after ok']);
  });

  it('forgets all that was written before and keeps what comes after', () => {
    const { env, store, writer, port } = setUp();
    const said: string[] = [];
    port.append(text('a', 'before'), note(said, 'before'));
    writer.forget(note(said, 'forget'));
    port.append(text('a', 'after'), note(said, 'after'));
    env.advance(100);
    expect(said).toEqual(['before ok', 'forget ok', 'after ok']);
    expect(textsOf(store.contents())).toEqual(['after']);
  });

  it('waits while there is no room, says so, serves what it has, and goes on in order when there is', () => {
    const { env, store, port, writer } = setUp({ waitingBytes: 10 });
    const said: string[] = [];
    port.append(text('a', 'kept'), note(said, 'kept'));
    env.advance(10);
    store.full = true;
    port.append(text('a', '123456'), note(said, '1'));
    env.advance(10);
    port.checkpoint('b', ['123456'], note(said, '2'));
    expect(writer.stats()).toMatchObject({ noRoom: 'the disk is full', waiting: 2, waitingBytes: 12 });
    port.append(text('a', 'too much'), note(said, 'too much'));
    let loaded: unknown;
    writer.session(2, 1).load(['a'], (r) => (loaded = r));
    env.advance(5_000);
    expect(said).toEqual(['kept ok', 'too much full']);
    expect(loaded).toEqual(ok([['kept']]));
    store.full = false;
    env.advance(1_000);
    expect(said).toEqual(['kept ok', 'too much full', '1 ok', '2 ok']);
    expect(writer.stats()).toMatchObject({ noRoom: null, waiting: 0, waitingBytes: 0 });
    port.load(['a', 'b'], (r) => (loaded = r));
    env.advance(10);
    expect(loaded).toEqual(ok([['kept', '123456'], ['123456']]));
  });

  it('refuses what a fenced session has waiting for room', () => {
    const { env, store, port, writer } = setUp();
    const said: string[] = [];
    store.full = true;
    port.append(text('a', 'old'), note(said, 'old'));
    env.advance(1_500);
    const next = writer.session(1, 2);
    next.append(text('a', 'new'), note(said, 'new'));
    store.full = false;
    env.advance(2_000);
    let loaded: unknown;
    next.load(['a'], (r) => (loaded = r));
    env.advance(10);
    expect(said).toEqual(['old fenced', 'new ok']);
    expect(loaded).toEqual(ok([['new']]));
  });

  it('counts what it did', () => {
    const { env, store, writer, port } = setUp();
    port.append([...text('a', 'xx'), ...text('b', 'y')], () => {});
    port.checkpoint('a', ['zzz'], () => {});
    env.advance(10);
    const stats = writer.stats();
    expect(stats).toMatchObject({ appends: 2, entries: 3, commits: 1, segments: 1, storedEntries: 2 });
    expect(stats.bytes).toBe(store.contents()[0]!.bytes.length);
  });
});
