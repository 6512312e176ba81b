import { describe, expect, it } from 'vitest';
import { dialChannel, pairChannel } from '../../../src/bus/channel.ts';
import { linkTroubles } from '../../../src/faults/linkTroubles.ts';
import { FAIR_WEATHER } from '../../../src/faults/weather.ts';
import { createFakeNetwork } from '../../harness/fakeNetwork.ts';
import { createTestEnv } from '../../harness/testEnv.ts';

const calm = { loss: 0, duplication: 0, delayMsMax: 0 };
const worst = { ...FAIR_WEATHER, loss: 0.5, duplication: 0.5, reordering: 0.5, reorderMs: 40, jitterMs: 0 };

function node() {
  const env = createTestEnv();
  const network = createFakeNetwork(env, calm);
  const got = new Map<number, number[]>();
  const dialled: number[] = [];
  for (const to of [2, 3]) {
    got.set(to, []);
    network.port().open(pairChannel('g', 1, to), (frame) => got.get(to)!.push(frame as number));
    network.port().open(dialChannel('g', to), () => dialled.push(to));
  }
  const troubles = linkTroubles(env, network.port(), 'g', 1, [], worst);
  const links = new Map(
    [2, 3].map((to) => [to, troubles.channels.open(pairChannel('g', 1, to), () => undefined)]),
  );
  const dials = new Map(
    [2, 3].map((to) => [to, troubles.channels.open(dialChannel('g', to), () => undefined)]),
  );
  return { env, troubles, got, dialled, links, dials };
}
const ascending = (all: readonly number[]): boolean => all.every((n, i) => i === 0 || n > all[i - 1]!);

describe('the links of a node', () => {
  it('lose, double and mix up frames in bad weather, each link in its own measure, and none when it is over', async () => {
    const { env, troubles, got, links } = node();
    troubles.blow(10_000);
    for (let n = 0; n < 1_000; n++) {
      for (const link of links.values()) link.post(n);
      await env.advance(5);
    }
    await env.advance(50);
    const { lost, duplicated, overtaken } = { ...troubles.hurt };
    for (const count of [lost, duplicated, overtaken]) expect(count).toBeGreaterThan(20);
    expect(got.get(2)!.length).not.toBe(got.get(3)!.length);
    expect(ascending(got.get(2)!)).toBe(false);
    expect(got.get(2)!.length + got.get(3)!.length).toBe(2_000 - lost + duplicated);
    await env.advance(6_000);
    got.set(2, []);
    for (let n = 0; n < 200; n++) links.get(2)!.post(n);
    await env.advance(1_000);
    expect(got.get(2)).toEqual(Array.from({ length: 200 }, (_, n) => n));
    expect(troubles.hurt.lost).toBe(lost);
  });

  it('are cut for a while: neither frames nor hellos pass to those on the other side, all to the others', async () => {
    const { env, troubles, got, dialled, links, dials } = node();
    troubles.cut([3], 500);
    const post = async (n: number): Promise<void> => {
      for (const link of links.values()) link.post(n);
      for (const dial of dials.values()) dial.post(n);
      await env.advance(10);
    };
    await post(1);
    expect(Object.fromEntries(got)).toEqual({ 2: [1], 3: [] });
    expect(dialled).toEqual([2]);
    await env.advance(500);
    await post(2);
    expect(Object.fromEntries(got)).toEqual({ 2: [1, 2], 3: [2] });
    expect(dialled).toEqual([2, 2, 3]);
  });
});
