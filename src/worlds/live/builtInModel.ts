import type { FetchHandler } from '../../provider/port.ts';
import { estimateTokens, type PromptMessage } from '../../provider/prompt.ts';
import { serveFetch } from './fetchPort.ts';

/** How far the browser's own model is from being used. */
export type Availability = 'unavailable' | 'downloadable' | 'downloading' | 'available';

/** A conversation with it: what is used of the Prompt API's `LanguageModel`. */
export interface ModelSession {
  promptStreaming(
    input: readonly PromptMessage[],
    options: { readonly signal: AbortSignal },
  ): ReadableStream<string>;
  destroy(): void;
}
interface DownloadMonitor {
  addEventListener(type: 'downloadprogress', listener: (event: { readonly loaded: number }) => void): void;
}
interface CreateOptions {
  readonly initialPrompts?: readonly PromptMessage[];
  readonly signal?: AbortSignal;
  readonly monitor?: (monitor: DownloadMonitor) => void;
}
/** The global of that name (Prompt API, W3C Web Machine Learning Community Group), where a browser has it. */
export interface LanguageModelLike {
  availability(): Promise<Availability>;
  create(options?: CreateOptions): Promise<ModelSession>;
}

/** The browser's own model; null where there is none. Only pages have it, not workers. */
export function findBuiltInModel(): LanguageModelLike | null {
  const found = (globalThis as { readonly LanguageModel?: LanguageModelLike }).LanguageModel;
  return typeof found?.create === 'function' && typeof found.availability === 'function' ? found : null;
}

/**
 * Gets the model onto this machine, which may take minutes; a browser wants a click for it. Rejects when it fails or is
 * aborted.
 * @param onProgress hears the share that is there, in [0, 1]
 */
export async function downloadBuiltIn(
  model: LanguageModelLike,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const session = await model.create({
    signal,
    monitor: (m) => m.addEventListener('downloadprogress', ({ loaded }) => onProgress(loaded)),
  });
  session.destroy();
}

const event = (data: unknown): string =>
  `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
const delta = (content: string, finish: string | null = null): unknown => ({
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: { content }, finish_reason: finish }],
});

interface Asked {
  readonly messages: readonly PromptMessage[];
  readonly max_tokens?: number;
}

/**
 * The browser's own model as an endpoint of chat completions that always streams. One request is served at a time: there is
 * one model on the machine. It has no limit on an answer's length, so an answer that is long enough is ended here.
 */
export function serveBuiltInModel(model: LanguageModelLike): FetchHandler {
  let turn: Promise<unknown> = Promise.resolve();

  async function answer(asked: Asked, signal: AbortSignal, write: (text: string) => void): Promise<void> {
    const system = asked.messages.filter((m) => m.role === 'system');
    const session = await model.create({ initialPrompts: system, signal });
    try {
      const reader = session
        .promptStreaming(
          asked.messages.filter((m) => m.role !== 'system'),
          { signal },
        )
        .getReader();
      let text = '';
      let finish = 'stop';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        text += value;
        write(event(delta(value)));
        if (estimateTokens(text) < (asked.max_tokens ?? Infinity)) continue;
        finish = 'length';
        await reader.cancel();
        break;
      }
      write(event(delta('', finish)));
      write(event('[DONE]'));
    } finally {
      session.destroy();
    }
  }

  return async (request) => {
    const asked = (await request.json()) as Asked;
    const stop = new AbortController();
    const { signal } = request;
    signal.addEventListener('abort', () => stop.abort(signal.reason));
    const utf8 = new TextEncoder();
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        const serve = async (): Promise<void> => {
          try {
            stop.signal.throwIfAborted();
            await answer(asked, stop.signal, (text) => controller.enqueue(utf8.encode(text)));
            controller.close();
          } catch (error) {
            controller.error(
              stop.signal.aborted
                ? error
                : new TypeError(
                    `The browser's own model failed: ${error instanceof Error ? error.message : String(error)}.`,
                  ),
            );
          }
        };
        turn = turn.then(serve, serve);
      },
      cancel: (reason) => stop.abort(reason),
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  };
}

/** A way for other threads to the browser's own model; null where there is none. */
export function offerBuiltInModel(): MessagePort | null {
  const model = findBuiltInModel();
  if (model === null) return null;
  const { port1, port2 } = new MessageChannel();
  serveFetch(port1, serveBuiltInModel(model));
  return port2;
}
