import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveStatic, type StaticServer } from '../../.ci/static.mjs';

const folder = mkdtempSync(join(tmpdir(), 'treering-static-'));
let server: StaticServer;

beforeAll(async () => {
  mkdirSync(join(folder, 'site', 'assets'), { recursive: true });
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  writeFileSync(join(folder, 'site', 'index.html'), '<title>here</title>');
  writeFileSync(join(folder, 'site', 'assets', 'a.js'), 'export {};');
  server = await serveStatic(join(folder, 'site'), { base: '/some/where/' });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** The status line's code for a request target sent as it is: fetch would tidy it up first. */
const rawStatus = (target: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => {
      socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    });
    let text = '';
    socket.on('data', (data) => (text += data.toString()));
    socket.on('end', () => {
      resolve(Number(text.split(' ')[1]));
    });
    socket.on('error', reject);
  });

test('files are served below the sub-path with their type, and without special headers', async () => {
  const page = await fetch(server.url);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.headers.has('cross-origin-opener-policy')).toBe(false);
  const script = await fetch(`${server.url}assets/a.js?v=1`);
  expect([script.status, script.headers.get('content-type')]).toEqual([
    200,
    'text/javascript; charset=utf-8',
  ]);
});

test.each([
  '/',
  '/index.html',
  '/some/where/nothing',
  '/some/where/../../secret.txt',
  '/some/where/%2e%2e/secret.txt',
  '/some/where/..%2fsecret.txt',
  '/some/where/%',
])('%s is not found', async (target) => {
  expect(await rawStatus(target)).toBe(404);
});

test('a taken port gives way to the next one', async () => {
  const port = Number(new URL(server.url).port);
  const next = await serveStatic(folder, { port });
  expect(Number(new URL(next.url).port)).toBeGreaterThan(port);
  await next.close();
});
