/**
 * Notices at once when a worker is gone: a worker holds a Web Lock for as long as it lives, and the browser hands the
 * lock on when it died, however it died. Where there are no Web Locks (a page that is not a secure context), silence
 * of the heartbeat has to do.
 */
export const hasDeathWatch = (): boolean => typeof navigator.locks === 'object';

/** In the worker: takes its lock, and keeps it for life. Resolves once it is held. */
export function holdLifeLock(name: string): Promise<void> {
  if (!hasDeathWatch()) return Promise.resolve();
  return new Promise((held, failed) => {
    navigator.locks
      .request(name, () => {
        held();
        return new Promise<never>(() => undefined);
      })
      .catch(failed);
  });
}

/** In its supervisor, after the lock is held: calls `onDied` when the worker is gone. Returns how to stop watching. */
export function watchLifeLock(name: string, onDied: () => void): () => void {
  if (!hasDeathWatch()) return () => undefined;
  const controller = new AbortController();
  navigator.locks.request(name, { signal: controller.signal }, onDied).catch(() => undefined);
  return () => controller.abort();
}
