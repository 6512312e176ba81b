import { afterEach, expect, test } from 'vitest';
import { builtInAvailability, getBuiltIn, tryBuiltIn } from '../../src/lab/ownModel.ts';
import {
  offerBuiltInModel,
  type Availability,
  type LanguageModelLike,
} from '../../src/worlds/live/builtInModel.ts';
import { fetchOver } from '../../src/worlds/live/fetchPort.ts';
import { createCaller } from '../../src/worlds/live/portCalls.ts';

const place = globalThis as { LanguageModel?: LanguageModelLike };
/** What this very browser has, or not. */
const real = place.LanguageModel;
afterEach(() => {
  if (real === undefined) delete place.LanguageModel;
  else place.LanguageModel = real;
});

/** A browser's model that answers with these words, one after the other. */
function fake(words: readonly string[], availability: Availability = 'available') {
  const seen = { created: 0, open: 0, mostOpen: 0, cancelled: 0, prompts: [] as unknown[] };
  place.LanguageModel = {
    availability: () => Promise.resolve(availability),
    async create(options = {}) {
      seen.prompts.push(options.initialPrompts);
      options.monitor?.({
        addEventListener(_type, listener) {
          for (const loaded of [0, 0.5, 1]) listener({ loaded });
        },
      });
      await Promise.resolve();
      options.signal?.throwIfAborted();
      seen.created++;
      seen.open++;
      seen.mostOpen = Math.max(seen.mostOpen, seen.open);
      return {
        promptStreaming(input, { signal }) {
          seen.prompts.push(input);
          let at = 0;
          return new ReadableStream<string>({
            async pull(c) {
              await new Promise((resolve) => setTimeout(resolve, 2));
              if (signal.aborted) c.error(signal.reason);
              else if (at < words.length) c.enqueue(words[at++]!);
              else c.close();
            },
            cancel() {
              seen.cancelled++;
            },
          });
        },
        destroy() {
          seen.open--;
        },
      };
    },
  };
  return seen;
}

const never = new AbortController().signal;
const ask = (signal: AbortSignal, maxTokens = 50): Request =>
  new Request('https://model-0.invalid/v1/chat/completions', {
    method: 'POST',
    body: JSON.stringify({
      max_tokens: maxTokens,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Rings?' },
      ],
    }),
    signal,
  });

test('where the browser has no model, that is said', async () => {
  const words = [null, 'unavailable', 'downloadable', 'downloading', 'available'];
  expect(words).toContain(await builtInAvailability());
  delete place.LanguageModel;
  expect(await builtInAvailability()).toBeNull();
  expect(await tryBuiltIn(never)).toMatchObject({
    ok: false,
    message: expect.stringContaining('no model of its own'),
  });
  expect(offerBuiltInModel()).toBeNull();
});

test('its availability is told, and its download is followed and can be cancelled', async () => {
  fake([], 'downloadable');
  expect(await builtInAvailability()).toBe('downloadable');
  const shares: number[] = [];
  expect(await getBuiltIn((share) => shares.push(share), never)).toBeNull();
  expect(shares).toEqual([0, 0.5, 1]);
  const cancel = new AbortController();
  cancel.abort();
  expect(await getBuiltIn(() => undefined, cancel.signal)).toMatch(/cancelled/);
});

test('a try shows its text, its time and its tokens', async () => {
  const seen = fake(['Each ring', ' is a year.']);
  const trial = await tryBuiltIn(never);
  expect(trial).toMatchObject({ ok: true, text: 'Each ring is a year.', outputTokens: 5 });
  if (trial.ok) expect(trial.firstTokenMs).toBeGreaterThan(0);
  expect(seen.open).toBe(0);
});

test('over a port, as a worker asks it: streamed, one at a time, cut at the length wanted, stopped by an abort', async () => {
  const seen = fake(['Each ring', ' is a year', ' of growth', ' and more.']);
  const port = offerBuiltInModel()!;
  const handler = fetchOver(createCaller(port, (fn) => fn));
  const texts = await Promise.all([1, 2].map(async () => (await handler(ask(never))).text()));
  expect(texts[0]).toContain('"content":" of growth"');
  expect(texts[0]).toMatch(/\[DONE\]\s+$/);
  expect(seen.mostOpen).toBe(1);
  expect(seen.prompts.slice(0, 2)).toEqual([
    [{ role: 'system', content: 'Be brief.' }],
    [{ role: 'user', content: 'Rings?' }],
  ]);

  const short = await (await handler(ask(never, 3))).text();
  expect(short).toContain('"finish_reason":"length"');
  expect(short).not.toContain('of growth');
  expect(seen.cancelled).toBe(1);

  const control = new AbortController();
  const response = await handler(ask(control.signal));
  const reader = response.body!.getReader();
  await reader.read();
  control.abort();
  await expect(reader.read()).rejects.toThrow(/abort/i);
  await expect.poll(() => seen.open).toBe(0);
  port.close();
});
