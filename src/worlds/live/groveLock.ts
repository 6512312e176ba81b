/** How many groves of one origin may have crash memory of their own at a time. */
const PLACES = 8;

/**
 * A database for this page alone, for as long as it is open: two tabs must not write into one crash memory. The first
 * tab gets `treering`, further ones `treering-2` and so on. Without Web Locks the first is taken unlocked.
 */
export async function claimDatabase(): Promise<string> {
  if (typeof navigator.locks !== 'object') return 'treering';
  for (let place = 1; place <= PLACES; place++) {
    const name = place === 1 ? 'treering' : `treering-${place}`;
    const free = await new Promise<boolean>((resolve, reject) => {
      navigator.locks
        .request(`database/${name}`, { ifAvailable: true }, (lock) => {
          resolve(lock !== null);
          return lock === null ? undefined : new Promise<never>(() => undefined);
        })
        .catch(reject);
    });
    if (free) return name;
  }
  throw new Error(
    `Treering is open in ${PLACES} other tabs already; close one of them and reload this page.`,
  );
}
