import type { Env } from '../../kernel/env.ts';
import type { DeskPort } from '../port.ts';
import { AnswerCache, type AnswerCacheOptions } from './answerCache.ts';

/** How often a node tells the desk of the answers that it gave by itself. */
const TELL_MS = 1_000;

/** What was asked for under a permit. */
interface UnderWay {
  readonly key: string;
  readonly tags: readonly string[];
  /** What it rests on changed since. */
  spoilt: boolean;
}

/**
 * The first layer: answers kept in the node itself, before any message to the desk. It learns them from the desk's replies
 * and from its own requests, hears from the desk what is no longer true, and tells the desk what it gave.
 */
export function createNodeAnswers(env: Env, desk: DeskPort, options: AnswerCacheOptions): DeskPort {
  if (options.bytes === 0) return desk;
  const cache = new AnswerCache(options);
  const underWay = new Map<number, UnderWay>();
  const asked = new Set<UnderWay>();
  let told = 0;
  let telling = false;

  function watch(since: number): void {
    desk.watch(since, ({ version, tags }) => {
      cache.invalidate(tags);
      const changed = new Set(tags);
      for (const one of [...underWay.values(), ...asked])
        if (one.tags.some((tag) => changed.has(tag))) one.spoilt = true;
      watch(version);
    });
  }
  watch(0);

  function tellLater(): void {
    if (telling) return;
    telling = true;
    env.setTimer(TELL_MS, () => {
      telling = false;
      const { hits } = cache.counts;
      if (hits === told) return;
      desk.note({ type: 'node-answers', hits: hits - told });
      told = hits;
    });
  }

  return {
    acquire(request, done) {
      const { cacheKey: key, restsOn: tags = [], refresh, hedge } = request;
      if (key === undefined || hedge === true) {
        desk.acquire(request, done);
        return;
      }
      if (refresh !== true) {
        const text = cache.get(key, env.now());
        if (text !== null) {
          tellLater();
          env.defer(() => done({ type: 'cached', text, queuedMs: 0, layer: 'node', refresh: false }));
          return;
        }
      }
      const one: UnderWay = { key, tags, spoilt: false };
      asked.add(one);
      desk.acquire(request, (reply) => {
        asked.delete(one);
        if (reply.type === 'go') underWay.set(reply.permit, one);
        if (reply.type === 'cached' && !reply.refresh && !one.spoilt)
          cache.fill(key, reply.text, tags, env.now());
        done(reply);
      });
    },
    settle(settlement) {
      const one = underWay.get(settlement.permit);
      underWay.delete(settlement.permit);
      if (one !== undefined && settlement.text !== null && !one.spoilt)
        cache.fill(one.key, settlement.text, one.tags, env.now());
      desk.settle(settlement);
    },
    note: (note) => desk.note(note),
    watch: (since, done) => desk.watch(since, done),
  };
}
