import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createModelClient } from '../../../src/provider/client.ts';
import { readStream } from '../../../src/provider/completionStream.ts';
import { createDesk } from '../../../src/provider/desk.ts';
import type { ProviderOptions } from '../../../src/provider/options.ts';
import type { FetchHandler, ModelRequest } from '../../../src/provider/port.ts';
import { profileOf, type Profile } from '../../../src/provider/profile.ts';
import { createSimulatedProvider } from '../../../src/provider/simulated.ts';
import { optionsWith } from '../../harness/hammering.ts';
import { createTestEnv, type TestEnv } from '../../harness/testEnv.ts';

const sse = (...events: readonly unknown[]): string =>
  events.map((e) => `data: ${typeof e === 'string' ? e : JSON.stringify(e)}\n\n`).join('');
const piece = (content: string, finish: string | null = null): unknown => ({
  choices: [{ index: 0, delta: { content }, finish_reason: finish }],
});
const usage = { choices: [], usage: { prompt_tokens: 7, completion_tokens: 5 } };

/** A response whose bytes come in these pieces. */
function streamOf(
  pieces: readonly Uint8Array<ArrayBuffer>[],
  ends: 'well' | 'cut' | 'open' = 'well',
): Response {
  let at = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (at < pieces.length) controller.enqueue(pieces[at++]!);
      else if (ends === 'well') controller.close();
      else if (ends === 'cut') controller.error(new TypeError('the connection was cut'));
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
}

const read = (response: Response) =>
  readStream(response, { now: () => 0, sentAtMs: 0, promptTokens: 9, onTokens: () => undefined });
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

describe('a streamed answer', () => {
  test('is the same however its bytes are cut, letters of several bytes and line ends included', async () => {
    const words = ['Acht ', 'Schiffe für ', '€ 5 ', '🚢🚢', '\n[1]'];
    const openai = sse(...words.map((w) => piece(w)), piece('', 'stop'), usage, '[DONE]');
    const anthropic = [
      [
        'message_start',
        { type: 'message_start', message: { usage: { input_tokens: 4, cache_creation_input_tokens: 3 } } },
      ],
      ...words.map(
        (text) => ['content_block_delta', { type: 'content_block_delta', delta: { text } }] as const,
      ),
      ['message_delta', { type: 'message_delta', usage: { output_tokens: 5 } }],
      ['message_stop', { type: 'message_stop' }],
    ]
      .map(([event, data]) => `event: ${event as string}\r\ndata: ${JSON.stringify(data)}\r\n\r\n`)
      .join('');
    for (const text of [openai, anthropic]) {
      const all = bytes(text);
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(all.length), { maxLength: 12 }), async (cuts) => {
          const at = [0, ...cuts.sort((a, b) => a - b), all.length];
          const outcome = await read(streamOf(at.slice(1).map((end, i) => all.slice(at[i], end))));
          expect(outcome).toMatchObject({
            type: 'answer',
            text: words.join(''),
            usage: { inputTokens: 7, outputTokens: 5 },
          });
        }),
        { numRuns: 60 },
      );
    }
  });

  test('that breaks off is no answer; one whose connection stays open, or that forgets its last word, is', async () => {
    const half = bytes(sse(piece('Eight ships')));
    await expect(read(streamOf([half], 'cut'))).rejects.toThrow(/cut/);
    await expect(read(streamOf([half]))).rejects.toThrow(/broke off after about 3 tokens/);
    const whole = bytes(sse(piece('Eight ships'), piece('', 'stop')));
    expect(await read(streamOf([whole]))).toMatchObject({ text: 'Eight ships' });
    expect(await read(streamOf([whole, bytes(sse('[DONE]'))], 'cut'))).toMatchObject({ text: 'Eight ships' });
  });

  test('that was not counted is estimated, prompt and answer', async () => {
    const outcome = await read(streamOf([bytes(sse(piece('Eight ships'), '[DONE]'))]));
    expect(outcome).toMatchObject({ usage: { inputTokens: 9, outputTokens: 3 } });
  });

  test('an error inside the stream has the status that its name stands for', async () => {
    const status = async (error: unknown) => read(streamOf([bytes(sse(piece('Eig'), { error }))]));
    expect(await status({ type: 'overloaded_error', message: 'Overloaded' })).toMatchObject({
      type: 'status',
      status: 529,
      message: 'inside the stream: Overloaded',
    });
    expect(await status({ code: 'rate_limit_exceeded', message: 'no' })).toMatchObject({ status: 429 });
    expect(await status('broken')).toMatchObject({ status: 503, message: 'inside the stream: broken' });
  });
});

interface Setting {
  readonly env: TestEnv;
  readonly desk: ReturnType<typeof createDesk>;
  readonly provider: ReturnType<typeof createSimulatedProvider>;
  readonly client: ReturnType<typeof createModelClient>;
}

function setting(options: Partial<ProviderOptions>, faults: Partial<Profile['faults']> = {}): Setting {
  const env = createTestEnv('streaming');
  const all = optionsWith({ stream: true, networkMs: 5, networkJitterMs: 0, cacheBytes: 0, ...options });
  const profile = profileOf(all.profile);
  const calm = { overloadsPerHour: 0, failing: 0, streamError: 0, stall: 0, cut: 0 };
  const provider = createSimulatedProvider(
    env,
    { ...profile, faults: { ...profile.faults, ...calm, ...faults } },
    all,
  );
  const desk = createDesk(env, all);
  const fetch: FetchHandler = (r) => provider.fetch(r);
  return { env, desk, provider, client: createModelClient(env, fetch, desk.portFor(1), all) };
}

const request = (env: TestEnv): ModelRequest => ({
  agent: 'a',
  messages: [
    { role: 'user', content: 'What of the navy and its ships of the line, its frigates and its men?' },
  ],
  maxTokens: 400,
  deadlineAtMs: env.now() + 60_000,
});

describe.each(['openai-like', 'anthropic-1000', 'groq-like', 'small-fast'] as const)('from %s', (profile) => {
  test('an answer is the same streamed and whole, and its times are those of the profile', async () => {
    const ended = await Promise.all(
      [true, false].map(async (stream) => {
        const s = setting({ profile, stream });
        const asked = s.client.complete(request(s.env));
        await s.env.advance(30_000);
        const answer = await asked;
        if (!answer.ok) throw new Error(answer.error.message);
        return { ...s, answer: answer.value };
      }),
    );
    const [streamed, whole] = ended as [(typeof ended)[0], (typeof ended)[0]];
    expect(streamed.answer.text).toBe(whole.answer.text);
    expect(streamed.answer.outputTokens).toBe(whole.answer.outputTokens);
    expect(whole.answer.timing).toBeUndefined();
    const { timing, outputTokens, providerMs } = streamed.answer;
    const { minPerS, tokensPerS } = profileOf(profile).speed;
    expect(timing!.firstTokenMs).toBeGreaterThan(10);
    expect(timing!.tokenGapMs!).toBeLessThan(1_000 / minPerS + 1);
    expect(timing!.tokenGapMs!).toBeGreaterThan(1_000 / (tokensPerS * 3));
    // First token and the rest, one by one, make up the whole.
    expect(timing!.firstTokenMs + timing!.tokenGapMs! * (outputTokens - 1)).toBeLessThan(providerMs * 1.05);
    expect(streamed.desk.view().firstTokenMs).toMatchObject({ samples: 1 });
    expect(whole.desk.view().firstTokenMs.samples).toBe(0);
  });
});

describe('the desk', () => {
  const outputUsed = (s: Setting): number =>
    s.desk.view().limits.find((l) => l.name === 'output tokens/min')!.used;

  test('knows of tokens while they are made, where a limit counts them so', async () => {
    const used: Record<string, number> = {};
    for (const stream of [true, false]) {
      const s = setting({ profile: 'anthropic-1000', stream });
      s.provider.disturb({ slowdown: 5, failing: 0 });
      void s.client.complete(request(s.env));
      let half = 0;
      for (let t = 0; t < 60_000; t += 100) {
        await s.env.advance(100);
        if (s.desk.view().inFlight === 1) half = outputUsed(s);
      }
      used[String(stream)] = half;
    }
    expect(used['true']).toBeGreaterThan(10);
    expect(used['false']).toBe(0);
  });

  test('is not told of what no limit counts', async () => {
    const s = setting({ profile: 'small-fast' });
    const notes: string[] = [];
    const port = s.desk.portFor(2);
    const client = createModelClient(
      s.env,
      (r) => s.provider.fetch(r),
      { ...port, note: (n) => void notes.push(n.type) },
      optionsWith({ stream: true, networkMs: 5 }),
    );
    void client.complete(request(s.env));
    await s.env.advance(10_000);
    expect(notes).toEqual([]);
  });
});

describe('accidents', () => {
  test.each([
    ['an error inside the stream', { streamError: 1 }],
    ['a stream that is cut', { cut: 1 }],
  ])('%s is tried again, and what it cost is settled', async (_name, faults) => {
    const s = setting({ profile: 'anthropic-1000' }, faults);
    const asked = s.client.complete(request(s.env));
    await s.env.advance(60_000);
    const outcome = await asked;
    expect(outcome.ok).toBe(false);
    if (!outcome.ok) expect(outcome.error.attempts).toBeGreaterThan(1);
    expect(s.provider.counts().broken).toBeGreaterThan(1);
    expect(s.desk.view().inFlight).toBe(0);
  });

  test('a deadline in the middle of an answer ends it at the endpoint too', async () => {
    const s = setting({ profile: 'anthropic-1000' });
    s.provider.disturb({ slowdown: 20, failing: 0 });
    const asked = s.client.complete({ ...request(s.env), deadlineAtMs: s.env.now() + 20_000 });
    await s.env.advance(20_100);
    expect(await asked).toMatchObject({ ok: false, error: { reason: 'timeout' } });
    expect(s.provider.counts()).toMatchObject({ aborted: 1, inFlight: 0 });
  });
});
