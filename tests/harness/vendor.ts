import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { providerOptions, type ProfileName, type ProviderOptions } from '../../src/provider/options.ts';
import { profileOf, type Profile } from '../../src/provider/profile.ts';
import { createSimulatedProvider, type SimulatedProvider } from '../../src/provider/simulated.ts';
import { createTestEnv, type TestEnv } from './testEnv.ts';

/** A vendor's endpoint in time of its own. */
export interface Vendor {
  readonly env: TestEnv;
  readonly provider: SimulatedProvider;
  /** Given to a client as its `fetch`. */
  readonly fetch: typeof fetch;
  /** Lets virtual time pass until the promise is settled. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** The same for a client that waits on the real clock between its tries. */
  settleReal<T>(promise: Promise<T>): Promise<T>;
}

async function wait<T>(
  env: TestEnv,
  promise: Promise<T>,
  tries: number,
  between: () => Promise<void>,
): Promise<T> {
  let done = false;
  const watched = promise.finally(() => (done = true));
  watched.catch(() => undefined);
  for (let i = 0; i < tries && !done; i++) {
    await env.advance(5);
    await between();
  }
  return watched;
}

/** A profile's endpoint whose faults never befall by themselves; `change` replaces parts of the profile. */
export function vendor(
  profile: ProfileName,
  options: Partial<ProviderOptions> = {},
  change: Partial<Profile> = {},
): Vendor {
  const env = createTestEnv(`vendors/${profile}`);
  const parsed = providerOptions.parse({ profile, networkMs: 1, networkJitterMs: 0, ...options }, 'provider');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  const calm = { overloadsPerHour: 0, failing: 0, streamError: 0, stall: 0, cut: 0 };
  const base = profileOf(profile);
  const provider = createSimulatedProvider(
    env,
    { ...base, acceleration: null, hiddenBurst: null, faults: { ...base.faults, ...calm }, ...change },
    parsed.value,
  );
  return {
    env,
    provider,
    fetch: (input, init) => provider.fetch(new Request(input, init)),
    settle: (promise) => wait(env, promise, 20_000, () => Promise.resolve()),
    settleReal: (promise) => wait(env, promise, 400, () => new Promise((r) => setTimeout(r, 10))),
  };
}

export const openai = (v: Vendor, maxRetries = 0): OpenAI =>
  new OpenAI({ apiKey: 'none', baseURL: 'https://model.invalid/v1', fetch: v.fetch, maxRetries });
export const anthropic = (v: Vendor, maxRetries = 0): Anthropic =>
  new Anthropic({ apiKey: 'none', baseURL: 'https://model.invalid', fetch: v.fetch, maxRetries });

export const question = [{ role: 'user' as const, content: 'Tell of the navy and its ships.' }];
/** Long enough for the prompt caches. */
export const LONG = 'The navy has eleven ships of the line. '.repeat(300);
