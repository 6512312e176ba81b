import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVirtualClock, TICKS_PER_MS } from '../../src/worlds/virtual/clock.ts';
import { createMachineClock, createVirtualProcess } from '../../src/worlds/virtual/virtualEnv.ts';
import { createVirtualDisk, FAIR_DISK } from '../../src/worlds/virtual/virtualDisk.ts';
import { FAIR_WEATHER } from '../../src/faults/weather.ts';
import { createVirtualNetwork } from '../../src/worlds/virtual/virtualNetwork.ts';
import { blockOf } from '../harness/blocks.ts';
import { createVirtualWorld } from '../../src/worlds/virtual/virtualWorld.ts';
import { createWireClone } from '../../src/worlds/virtual/wireClone.ts';

describe('the virtual clock', () => {
  test('runs events by time, those of one moment in the order in which they were set, and none that was taken back', () => {
    const plan = fc.array(fc.record({ tick: fc.nat(20), taken: fc.boolean() }), { maxLength: 600 });
    fc.assert(
      fc.property(plan, (events) => {
        const clock = createVirtualClock();
        const ran: number[] = [];
        const tokens = events.map(({ tick }, i) => clock.at(tick / TICKS_PER_MS, () => ran.push(i)));
        events.forEach(({ taken }, i) => taken && clock.cancel(tokens[i]!));
        clock.run(Infinity);
        const expected = events
          .map((e, i) => ({ ...e, i }))
          .filter((e) => !e.taken)
          .sort((a, b) => a.tick - b.tick || a.i - b.i)
          .map((e) => e.i);
        expect(ran).toEqual(expected);
      }),
    );
  });

  test('taking back an event that has run leaves the one that has its place now alone', () => {
    const clock = createVirtualClock();
    let ran = 0;
    const old = clock.at(1, () => ran++);
    clock.run(1);
    clock.at(2, () => ran++);
    clock.cancel(old);
    clock.run(2);
    expect(ran).toBe(2);
  });

  test('a timer is never early, whatever the rate of its clock, so waiting for a moment always ends', async () => {
    const world = createVirtualWorld({ seed: 'x' });
    const { env } = createVirtualProcess(world, 1, 'p', createMachineClock(world, 1.0007, 3));
    let looks = 0;
    const wait = (untilMs: number): void => {
      looks++;
      if (env.now() < untilMs) env.setTimer(untilMs - env.now(), () => wait(untilMs));
    };
    for (let i = 0; i < 200; i++) wait(1_000 / 7 + i * 1.3);
    await world.run(1_000);
    expect(looks).toBeLessThanOrEqual(600);
  });
});

describe('the clock of a machine', () => {
  test('never steps back and rings no timer early, however it jumps and whatever rates it takes', async () => {
    const trouble = fc.record({
      atMs: fc.integer({ min: 0, max: 900 }),
      jumpMs: fc.integer({ min: 0, max: 300 }),
      rate: fc.double({ min: 0.5, max: 2, noNaN: true }),
    });
    const timers = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(trouble, { maxLength: 6 }), timers, async (troubles, delays) => {
        const world = createVirtualWorld({ seed: 'x' });
        const machine = createMachineClock(world);
        const { env } = createVirtualProcess(world, 1, 'p', machine);
        let latest = env.now();
        let rung = 0;
        const look = (): void => {
          expect(env.now()).toBeGreaterThanOrEqual(latest);
          latest = env.now();
        };
        for (const t of troubles)
          world.clock.at(t.atMs, () => {
            look();
            machine.disturb(t.jumpMs, t.rate);
            look();
          });
        for (const delayMs of delays)
          env.setTimer(delayMs, () => {
            look();
            expect(env.now()).toBeGreaterThanOrEqual(delayMs);
            rung++;
          });
        await world.run(5_000);
        expect(rung).toBe(delays.length);
      }),
      { numRuns: 60 },
    );
  });

  test('a timer that was taken back after a change of rate does not ring', async () => {
    const world = createVirtualWorld({ seed: 'x' });
    const machine = createMachineClock(world, 2);
    const { env } = createVirtualProcess(world, 1, 'p', machine);
    let rung = 0;
    const cancel = env.setTimer(100, () => rung++);
    world.clock.at(10, () => machine.disturb(0, 0.5));
    world.clock.at(60, cancel);
    await world.run(1_000);
    expect(rung).toBe(0);
  });

  test('going back is refused', () => {
    const machine = createMachineClock(createVirtualWorld({ seed: 'x' }));
    expect(() => machine.disturb(-1, 1)).toThrow(RangeError);
    expect(() => machine.disturb(0, 0)).toThrow(RangeError);
  });
});

describe('the wire', () => {
  const { clone } = createWireClone();
  test('copies a key called __proto__ as the key it is', () => {
    const value = { ['__proto__']: { n: 1 } };
    expect(JSON.stringify(clone(value))).toBe('{"__proto__":{"n":1}}');
    expect(JSON.stringify(structuredClone(value))).toBe('{"__proto__":{"n":1}}');
  });

  test('copies what structuredClone copies, and shares nothing with it', () => {
    fc.assert(
      fc.property(
        fc.object({ withDate: true, withMap: true, withSet: true, withTypedArray: true }),
        (value) => {
          expect(clone(value)).toEqual(structuredClone(value));
        },
      ),
    );
    const inner = { n: [1] };
    const copy = clone({ inner });
    inner.n.push(2);
    expect(copy).toEqual({ inner: { n: [1] } });
  });
  test.each([
    ['a function', { f: () => 1 }],
    ['a symbol', { s: Symbol('x') }],
  ])('refuses %s, as structuredClone does', (_name, value) => {
    expect(() => structuredClone(value)).toThrow();
    expect(() => clone(value)).toThrow();
  });
  test('other values have another fingerprint', () => {
    const wire = createWireClone();
    const prints = [
      { a: 1 },
      { a: 2 },
      { b: 1 },
      [1],
      [1, 1],
      '1',
      1,
      true,
      null,
      { a: 1.5 },
      'ab',
      'ba',
    ].map((v) => {
      wire.clone(v);
      return wire.fingerprint;
    });
    expect(new Set(prints).size).toBe(prints.length);
  });
});

describe('the network', () => {
  test('an ended process is deaf and dumb, and a partition lets nothing through', async () => {
    const world = createVirtualWorld({ seed: 'x' });
    const network = createVirtualNetwork(world, FAIR_WEATHER);
    const [a, b] = [1, 2].map((id) => createVirtualProcess(world, id, `p${id}`));
    const heard: unknown[] = [];
    const out = network.portOf(a!).open('c', () => undefined);
    network.portOf(b!).open('c', (frame) => heard.push(frame));
    out.post(1);
    await world.run(10);
    network.part([1], 10);
    out.post(2);
    await world.run(20);
    out.post(3);
    b!.kill();
    await world.run(30);
    expect(heard).toEqual([1]);
  });
});

describe('the disk', () => {
  test('finishes nothing while it stalls, and a crash in that time leaves nothing of it', async () => {
    const world = createVirtualWorld({ seed: 'x' });
    const disk = createVirtualDisk(world, FAIR_DISK);
    const process = createVirtualProcess(world, 1, 'store');
    const store = disk.storeOf(process);
    const put = (position: number) => [blockOf(position, [['o', 't']])];
    const answered: number[] = [];
    disk.stall(500);
    store.write(put(1), [], () => answered.push(world.clock.nowMs));
    await world.run(499);
    expect(disk.contents()).toEqual([]);
    await world.run(600);
    expect(answered).toHaveLength(1);
    expect(answered[0]).toBeGreaterThan(500);
    disk.stall(500);
    store.write(put(2), [], () => answered.push(world.clock.nowMs));
    await world.run(900);
    process.kill();
    disk.crash();
    await world.run(2_000);
    expect(answered).toHaveLength(1);
    expect(disk.contents().map((s) => s.position)).toEqual([1]);
  });

  test('keeps what it answered through a crash, and of the rest all or nothing', async () => {
    for (let i = 0; i < 40; i++) {
      const world = createVirtualWorld({ seed: `disk ${i}` });
      const disk = createVirtualDisk(world, FAIR_DISK);
      const process = createVirtualProcess(world, 1, 'store');
      const store = disk.storeOf(process);
      const answered = new Set<number>();
      for (let n = 0; n < 4; n++) {
        const put = [1, 2].map((k) => blockOf(2 * n + k, [['o', 't']]));
        store.write(put, [], (r) => r.ok && answered.add(n));
      }
      await world.run(i * 0.05);
      process.kill();
      disk.crash();
      await world.run(100);
      const there = disk.contents().map((s) => s.position);
      for (let n = 0; n < 4; n++) {
        const parts = there.filter((p) => p === 2 * n + 1 || p === 2 * n + 2).length;
        expect(parts === 0 || parts === 2).toBe(true);
        if (answered.has(n)) expect(parts).toBe(2);
      }
    }
  });
});
