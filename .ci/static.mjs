import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
  '.map': 'application/json',
};

/** The file that a URL path names, or null; never one outside `dir`. */
function fileFor(dir, base, url) {
  let path;
  try {
    path = decodeURIComponent(new URL(url, 'http://host').pathname);
  } catch {
    return null;
  }
  if (!path.startsWith(base)) return null;
  const file = normalize(join(dir, path.slice(base.length)));
  if (file !== normalize(dir) && !file.startsWith(normalize(dir) + sep)) return null;
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile()) return file;
  if (!found?.isDirectory()) return null;
  const index = join(file, 'index.html');
  return statSync(index, { throwIfNoEntry: false })?.isFile() ? index : null;
}

function listen(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address().port);
    });
  });
}

/**
 * Serves a folder as the plainest of static hosts does: files with their content type, no special headers.
 * @param {string} dir
 * @param {{ base?: string, port?: number, host?: string }} [options] `base`: the sub-path, `/` at both ends; `port`: the
 *   first one tried, 0 for any free one
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function serveStatic(dir, { base = '/', port = 0, host = '127.0.0.1' } = {}) {
  const server = createServer((request, response) => {
    const file = fileFor(dir, base, request.url ?? '/');
    if (file === null || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(file === null ? 404 : 405, { 'content-type': 'text/plain' });
      response.end(file === null ? 'Not found\n' : 'Only GET and HEAD\n');
      return;
    }
    const { size } = statSync(file);
    response.writeHead(200, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      'content-length': size,
    });
    if (request.method === 'HEAD') response.end();
    else createReadStream(file).pipe(response);
  });
  for (let tries = 0; ; tries++) {
    try {
      const got = await listen(server, port === 0 ? 0 : port + tries, host);
      return {
        url: `http://${host === '127.0.0.1' ? 'localhost' : host}:${got}${base}`,
        close: () =>
          new Promise((resolve) => {
            server.close(() => resolve());
            server.closeAllConnections();
          }),
      };
    } catch (error) {
      if (error.code !== 'EADDRINUSE' || port === 0 || tries >= 100) throw error;
    }
  }
}
