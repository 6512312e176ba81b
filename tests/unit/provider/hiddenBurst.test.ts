import { expect, test } from 'vitest';
import { providerOptions } from '../../../src/provider/options.ts';
import { plainAbort, plainRequest } from '../../../src/provider/plainHttp.ts';
import { profileOf, type Profile } from '../../../src/provider/profile.ts';
import { createSimulatedProvider } from '../../../src/provider/simulated.ts';
import { createTestEnv } from '../../harness/testEnv.ts';

const ASKED = 200;

/** How many of 200 requests at once an endpoint lets in, of 1,000 a minute: as many as its bucket holds. */
async function bucketOf(seed: string, change: Partial<Profile> = {}): Promise<number> {
  const env = createTestEnv(seed);
  const options = providerOptions.parse(
    { profile: 'anthropic-1000', networkMs: 1, networkJitterMs: 0 },
    'provider',
  );
  if (!options.ok) throw new Error(JSON.stringify(options.error));
  const base = profileOf('anthropic-1000');
  const calm = { overloadsPerHour: 0, failing: 0, streamError: 0, stall: 0, cut: 0 };
  const profile = { ...base, acceleration: null, faults: { ...base.faults, ...calm }, ...change };
  const provider = createSimulatedProvider(env, profile, options.value);
  const messages = [{ role: 'user', content: 'Tell of the navy.' }];
  for (let i = 0; i < ASKED; i++) {
    const init = { method: 'POST', signal: plainAbort().signal };
    const body = { model: 'm', max_tokens: 5, messages };
    void provider.fetch(plainRequest('https://model.invalid/v1/messages', init, body));
  }
  await Promise.resolve();
  await env.advance(3);
  const { byAxis429, requests } = provider.counts();
  expect(requests).toBe(ASKED);
  return ASKED - byAxis429.requests;
}

test('what a bucket holds is drawn from the seed, within the range of its profile', async () => {
  const { from, to } = profileOf('anthropic-1000').hiddenBurst!;
  const held = await Promise.all(Array.from({ length: 16 }, (_, i) => bucketOf(`seed ${i}`)));
  expect(Math.min(...held)).toBeGreaterThanOrEqual(100 * from);
  expect(Math.max(...held)).toBeLessThanOrEqual(100 * to);
  expect(Math.max(...held) - Math.min(...held)).toBeGreaterThan(30);
  expect(await bucketOf('seed 3')).toBe(held[3]);
  expect(await bucketOf('seed 3', { hiddenBurst: null })).toBe(100);
});
