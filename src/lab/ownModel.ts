import { readCompletion, type WireOutcome } from '../provider/completion.ts';
import { isEventStream, readStream } from '../provider/completionStream.ts';
import { readBaseUrl, readKey, type Connection } from '../provider/connection.ts';
import { explain } from '../provider/explain.ts';
import type { FetchHandler } from '../provider/port.ts';
import { estimatePromptTokens } from '../provider/prompt.ts';
import { createRealEndpoint } from '../provider/realEndpoint.ts';
import {
  downloadBuiltIn,
  findBuiltInModel,
  serveBuiltInModel,
  type Availability,
} from '../worlds/live/builtInModel.ts';
import { monotonicNow } from '../worlds/live/liveEnv.ts';
import { browserFetch } from '../worlds/live/realProvider.ts';
import type { OwnModel } from './grove.ts';

export { offerBuiltInModel as offerBuiltIn } from '../worlds/live/builtInModel.ts';
export { mixedContent, readBaseUrl, readKey } from '../provider/connection.ts';
export type { Availability } from '../worlds/live/builtInModel.ts';
export type { Connection } from '../provider/connection.ts';

export const NO_BUILT_IN =
  'This browser has no model of its own, or does not let pages use it. Chrome has one on machines that are strong enough (Prompt API); or use an address instead.';

/** What came of one small request. */
export type Trial =
  | {
      readonly ok: true;
      readonly text: string;
      /** From sending to the last byte; and to the first token, where the answer was streamed. */
      readonly ms: number;
      readonly firstTokenMs: number | null;
      readonly inputTokens: number;
      readonly outputTokens: number;
    }
  | { readonly ok: false; readonly message: string };

const TRIAL = [
  { role: 'system' as const, content: 'Answer in one short sentence.' },
  { role: 'user' as const, content: 'What do the rings of a tree tell?' },
];
const TRIAL_TOKENS = 40;

/** An endpoint as the door of the machine names it. Throws RangeError, with a sentence, for what cannot be one. */
export function ownEndpoint(baseUrl: string, key: string): OwnModel {
  const url = readBaseUrl(baseUrl);
  const read = readKey(key);
  if (!url.ok) throw new RangeError(url.error);
  if (!read.ok) throw new RangeError(read.error);
  return { source: 'url', baseUrl: url.value, key: read.value };
}

async function tryOut(handler: FetchHandler, model: string, signal: AbortSignal): Promise<Trial> {
  const sentAtMs = monotonicNow();
  const promptTokens = estimatePromptTokens(TRIAL);
  let outcome: WireOutcome;
  try {
    const response = await handler(
      new Request('https://model-0.invalid/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model,
          messages: TRIAL,
          max_tokens: TRIAL_TOKENS,
          stream: true,
          stream_options: { include_usage: true },
        }),
        signal,
      }),
    );
    outcome = isEventStream(response)
      ? await readStream(response, { now: monotonicNow, sentAtMs, promptTokens, onTokens: () => undefined })
      : await readCompletion(response, promptTokens);
  } catch (error) {
    if (signal.aborted) return { ok: false, message: 'The try was cancelled.' };
    outcome = { type: 'network', message: error instanceof Error ? error.message : String(error) };
  }
  const ms = monotonicNow() - sentAtMs;
  if (outcome.type !== 'answer') return { ok: false, message: explain(outcome, 1, ms, 0).message };
  const { text, usage, timing } = outcome;
  return { ok: true, text, ms, firstTokenMs: timing?.firstTokenMs ?? null, ...usage };
}

/** Asks the endpoint something small. Never rejects; the sentence of a failure says what to do. */
export function tryConnection(connection: Connection, pageUrl: string, signal: AbortSignal): Promise<Trial> {
  const handler = createRealEndpoint(connection, browserFetch, pageUrl, monotonicNow);
  return tryOut(handler, connection.model, signal);
}

/** Asks the browser's own model something small. */
export async function tryBuiltIn(signal: AbortSignal): Promise<Trial> {
  const found = findBuiltInModel();
  return found === null
    ? { ok: false, message: NO_BUILT_IN }
    : tryOut(serveBuiltInModel(found), 'built-in', signal);
}

/** How far the browser's own model is from being used; null where there is none. */
export async function builtInAvailability(): Promise<Availability | null> {
  try {
    return (await findBuiltInModel()?.availability()) ?? null;
  } catch {
    return 'unavailable';
  }
}

/** Has the browser get its model. Null when it is there, otherwise what went wrong. */
export async function getBuiltIn(
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<string | null> {
  const found = findBuiltInModel();
  if (found === null) return NO_BUILT_IN;
  try {
    await downloadBuiltIn(found, onProgress, signal);
    return null;
  } catch (error) {
    if (signal.aborted) return 'The download was cancelled; the browser keeps what it has.';
    return `The browser could not get its model: ${error instanceof Error ? error.message : String(error)}. See that there is room on the disk, and try again.`;
  }
}
