import type { CancelTimer, Env } from '../kernel/env.ts';
import type { AnswerStore } from './cache/answerStore.ts';
import { createSharedAnswers, type SharedAnswer, type SharedAnswersCounts } from './cache/sharedAnswers.ts';
import { createLikeAnswers, type LikeAnswersCounts } from './cache/likeAnswers.ts';
import type { Embed } from './cache/semanticIndex.ts';
import type { ProviderOptions } from './options.ts';
import type { Changes, DeskRequest } from './port.ts';

/** Where the desk's answers are kept. */
export interface AnswerPlaces {
  readonly regions: number;
  /** The region of a node, from 0. */
  readonly regionOf: (holder: number) => number;
  /** What survives a reload; null for nothing. */
  readonly store: AnswerStore | null;
  /** What tells like questions where the scenario asks for it; null for equal ones only. */
  readonly embed: Embed | null;
}

/** One region, nothing on disk. */
export const ONE_PLACE: AnswerPlaces = { regions: 1, regionOf: () => 0, store: null, embed: null };

/** What a request with a key hears before anything is sent. */
export type Told = SharedAnswer | { readonly type: 'late' };

/** Changes kept for nodes that have not heard of them. */
const CHANGES_MAX = 1_000;

/** The answers of all nodes, as the desk needs them: with deadlines, and with news of what is no longer true. */
export interface DeskAnswers {
  /** `told` comes once. Returns how to stop waiting, or null when it came inside the call. */
  ask(holder: number, request: DeskRequest, told: (told: Told) => void): CancelTimer | null;
  fill(key: string, text: string, restsOn: readonly string[]): void;
  /** @param refusal why it would fail again */
  fail(key: string, refusal?: string): void;
  /** What answers rest on has changed. */
  changed(tags: readonly string[]): void;
  /** Answers once there are changes after `since`. */
  watch(holder: number, since: number, done: (changes: Changes) => void): void;
  /** That node is dead. */
  forget(holder: number): void;
  counts(): SharedAnswersCounts & { readonly like: LikeAnswersCounts | null };
}

export function createDeskAnswers(env: Env, options: ProviderOptions, places: AnswerPlaces): DeskAnswers {
  const shared = createSharedAnswers(
    () => env.now(),
    {
      policy: options.cachePolicy,
      bytes: options.cacheBytes,
      ttlMs: options.cacheTtlMs,
      staleMs: options.cacheStaleMs,
      negativeMs: options.cacheNegativeMs,
      regions: places.regions,
      diskBytes: options.cacheBytes > 0 ? options.cacheDiskBytes : 0,
    },
    places.store,
  );
  const { semanticFrom, semanticCheckEvery } = options;
  const like =
    places.embed !== null && semanticFrom > 0 && options.cacheBytes > 0
      ? createLikeAnswers(places.embed, semanticFrom, semanticCheckEvery, (key) => shared.peek(key))
      : null;
  let changes: { readonly version: number; readonly tags: readonly string[] }[] = [];
  let version = 0;
  const watchers = new Map<number, { readonly since: number; readonly done: (changes: Changes) => void }>();

  function tell(holder: number): void {
    const watcher = watchers.get(holder);
    if (!watcher || watcher.since >= version) return;
    watchers.delete(holder);
    const news = changes.filter((c) => c.version > watcher.since).flatMap((c) => c.tags);
    env.defer(() => watcher.done({ version, tags: [...new Set(news)] }));
  }

  return {
    ask(holder, { cacheKey, refresh, deadlineAtMs, question, restsOn = [] }, told) {
      const wait = { over: false, cancel: (): void => undefined };
      const ticket = shared.ask(places.regionOf(holder), cacheKey!, refresh === true, (answer) => {
        wait.over = true;
        wait.cancel();
        const text =
          answer.type === 'lead' && refresh !== true && question !== undefined
            ? (like?.find(cacheKey!, question, restsOn) ?? null)
            : null;
        if (text === null) return told(answer);
        told({ type: 'answer', text, layer: 'like', refresh: false });
        // Another caller's question may be less alike than this one: the next who waits finds out for itself.
        shared.fail(cacheKey!);
      });
      if (wait.over) return null;
      const leave = (): void => {
        wait.cancel();
        shared.leave(ticket);
      };
      wait.cancel = env.setTimer(Math.max(0, deadlineAtMs - env.now()), () => {
        leave();
        told({ type: 'late' });
      });
      return leave;
    },
    fill(key, text, restsOn) {
      shared.fill(key, text, restsOn);
      like?.fill(key, text);
    },
    fail(key, refusal) {
      like?.fail(key);
      shared.fail(key, refusal);
    },
    changed(tags) {
      if (tags.length === 0) return;
      shared.invalidate(tags);
      version++;
      changes.push({ version, tags });
      if (changes.length > CHANGES_MAX) changes = changes.slice(-CHANGES_MAX);
      for (const holder of [...watchers.keys()]) tell(holder);
    },
    watch(holder, since, done) {
      watchers.set(holder, { since, done });
      tell(holder);
    },
    forget: (holder) => void watchers.delete(holder),
    counts: () => ({ ...shared.counts(), like: like?.counts() ?? null }),
  };
}
