import { describe, expect, it } from 'vitest';
import { faultyChannels } from '../../../src/faults/channels.ts';
import { pausable } from '../../../src/faults/pause.ts';
import { createFakeNetwork } from '../../harness/fakeNetwork.ts';
import { createTestEnv } from '../../harness/testEnv.ts';

const calm = { loss: 0, duplication: 0, delayMsMax: 0 };

describe('faulty channels', () => {
  it('lose and delay what is posted on the channels in trouble, in order, and leave the others alone', async () => {
    const env = createTestEnv();
    const network = createFakeNetwork(env, calm);
    const got: string[] = [];
    for (const name of ['good', 'slow', 'lossy'])
      network.port().open(name, (frame) => got.push(`${env.now()} ${String(frame)}`));
    const port = faultyChannels(env, network.port(), (name) =>
      name === 'slow' ? { loss: 0, delayMs: 100 } : name === 'lossy' ? { loss: 1, delayMs: 0 } : null,
    );
    const [good, slow, lossy] = ['good', 'slow', 'lossy'].map((name) => port.open(name, () => undefined));
    for (const n of [1, 2]) for (const channel of [good, slow, lossy]) channel!.post(n);
    await env.advance(1_000);
    expect(got).toEqual(['0 1', '0 2', '100 1', '100 2']);
    expect(port.hurt.lost).toBe(2);
    expect(port.hurt.delayed).toBe(2);
  });

  it('carry what was posted, not what became of it', async () => {
    const env = createTestEnv();
    const network = createFakeNetwork(env, calm);
    const got: unknown[] = [];
    network.port().open('c', (frame) => got.push(frame));
    const channel = faultyChannels(env, network.port(), () => ({ loss: 0, delayMs: 50 })).open(
      'c',
      () => undefined,
    );
    const frame = { n: 1 };
    channel.post(frame);
    frame.n = 2;
    channel.close();
    await env.advance(100);
    expect(got).toEqual([{ n: 1 }]);
  });
});

describe('a paused node', () => {
  it('hears nothing and does nothing until it wakes, and then all in order', async () => {
    const env = createTestEnv();
    const network = createFakeNetwork(env, calm);
    const node = pausable(env, network.port());
    const seen: string[] = [];
    node.channels.open('c', (frame) => seen.push(`${env.now()} heard ${String(frame)}`));
    node.env.setTimer(50, () => seen.push(`${env.now()} timer`));
    const cancel = node.env.setTimer(60, () => seen.push('cancelled timer'));
    const callback = node.gate((n: number) => seen.push(`${env.now()} callback ${n}`));
    const other = network.port().open('c', () => undefined);
    node.pause(500);
    await env.advance(20);
    other.post('a');
    await env.advance(50);
    callback(1);
    cancel();
    await env.advance(400);
    expect(seen).toEqual([]);
    await env.advance(100);
    expect(seen).toEqual(['500 heard a', '500 timer', '500 callback 1']);
    other.post('b');
    await env.advance(10);
    expect(seen.at(-1)).toBe('570 heard b');
  });
});
