/** How many groves of one origin may have crash memory of their own at a time. */
const PLACES = 8;

/**
 * A database for this page alone, for as long as it is open: two tabs must not write into one crash memory. The first
 * tab gets `treering`, further ones `treering-2` and so on. Without Web Locks the first is taken unlocked.
 * @param preferred what this tab had before it was reloaded: its memories are there
 */
export async function claimDatabase(preferred: string | null): Promise<string> {
  if (typeof navigator.locks !== 'object') return 'treering';
  const names = Array.from({ length: PLACES }, (_, i) => (i === 0 ? 'treering' : `treering-${i + 1}`));
  const wanted = names.filter((name) => name === preferred);
  for (const name of [...wanted, ...names]) {
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
