import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serveStatic } from '../../.ci/static.mjs';

/** Serves the built site from a sub-path, as a plain host would, for as long as the tests run. */
export default async function serve(): Promise<() => Promise<void>> {
  const dist = fileURLToPath(new URL('../../dist', import.meta.url));
  if (!existsSync(`${dist}/index.html`))
    throw new Error('There is no built site in dist: run `npm run build` first, or `npm test`.');
  const server = await serveStatic(dist, { base: '/some/where/' });
  process.env['TREERING_URL'] = server.url;
  return () => server.close();
}
