import { answerBytes } from '../../provider/cache/answerCache.ts';
import type { AnswerStore, StoredAnswer } from '../../provider/cache/answerStore.ts';
import type { VirtualProcess } from './virtualEnv.ts';
import type { VirtualWorld } from './virtualWorld.ts';

/** One read or one look at the index takes this. */
const READ_MS = 1;

/** Cached answers on a virtual disk: they survive what the conductor does not. */
export interface VirtualAnswerDisk {
  storeOf(process: VirtualProcess): AnswerStore;
}

export function createVirtualAnswerDisk(world: VirtualWorld): VirtualAnswerDisk {
  const { clock, wire } = world;
  const held = new Map<string, StoredAnswer & { readonly putAtMs: number }>();
  return {
    storeOf: (process) => {
      const later = (fn: () => void): void => {
        clock.at(clock.nowMs + READ_MS, () => {
          if (process.alive) fn();
        });
      };
      return {
        heads: (done) =>
          later(() => {
            done(
              [...held.values()].map(({ key, text, tags, putAtMs }) => ({
                key,
                tags,
                bytes: answerBytes(key, text, tags),
                ageMs: clock.nowMs - putAtMs,
              })),
            );
          }),
        read: (key, done) => later(() => done(held.get(key) ?? null)),
        put(answer) {
          if (!process.alive) return;
          // Put again, it is the newest.
          held.delete(answer.key);
          held.set(answer.key, { ...wire.copy(answer), putAtMs: clock.nowMs });
        },
        remove(keys) {
          if (process.alive) for (const key of keys) held.delete(key);
        },
      };
    },
  };
}
